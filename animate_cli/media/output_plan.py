"""The common interface of all video writers, and the record of an output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from animate_cli.errors import OutputError
from animate_cli.media.audio_plan import AudioPlan
from animate_cli.media.codecs import Encoding
from animate_cli.media.provenance import Marking
from animate_cli.records import Image


@dataclass(frozen=True, kw_only=True)
class OutputPlan:
    """One output. part: the hidden file being written; path: its name once complete.

    rate: average frames a second; threads: of the encoder, 0: one per core.
    """

    path: Path
    part: Path
    width: int
    height: int
    rate: Fraction
    encoding: Encoding
    marking: Marking
    audio: AudioPlan | None
    threads: int


class VideoWriter(ABC):
    """Writes frames in order. notes: for the user; frames: number of frames written."""

    def __init__(self) -> None:
        self.frames = 0
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user so far."""
        return tuple(self._notes)

    @abstractmethod
    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Append a frame: pixels (H, W, 3) uint8, shown from time_s on.

        Raises:
            OutputError: it cannot be encoded or stored.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write buffered frames and the index; open_writer calls it."""

    @abstractmethod
    def abort(self) -> None:
        """Close the file without finishing it; open_writer calls it."""

    def _require_frames(self, plan: OutputPlan) -> None:
        if not self.frames:
            raise OutputError(f"{plan.path}: no frame was written", hint="check the driver")

    def note(self, text: str) -> None:
        """Add a note for the user, unless it is there already."""
        if text not in self._notes:
            self._notes.append(text)
