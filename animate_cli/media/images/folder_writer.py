"""Writes a video as a folder of numbered pictures."""

from __future__ import annotations

from fractions import Fraction

from animate_cli.media.images.image import write_image
from animate_cli.media.output_plan import OutputPlan, VideoWriter
from animate_cli.media.target import as_output_error
from animate_cli.records import Image

_DIGITS = 6


class FolderWriter(VideoWriter):
    """Writes numbered PNGs, each with the provenance statement; frame times are not stored."""

    def __init__(self, plan: OutputPlan) -> None:
        super().__init__()
        self._plan = plan
        with as_output_error(plan.path):
            plan.part.mkdir()

    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Write one picture; see VideoWriter.write."""
        name = f"{self.frames + 1:0{_DIGITS}d}.png"
        write_image(self._plan.part / name, pixels, marking=self._plan.marking)
        self.frames += 1

    def finish(self) -> None:
        """Do nothing: no frame is buffered."""
        self._require_frames(self._plan)

    def abort(self) -> None:
        """Do nothing: no file is open."""
