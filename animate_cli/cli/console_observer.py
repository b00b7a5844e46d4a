"""Shows an evaluation on the command line: a line per clip pair, and contact sheets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from animate_cli.cli import console
from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.report.contact_sheet import ContactSheet
from animate_cli.evaluate.runner.observer import EvaluationObserver, ScoredFrame
from animate_cli.media.images.image import write_image
from animate_cli.media.target import as_output_error, check_target


class ConsoleObserver(EvaluationObserver):
    """Prints the progress and the time left, and writes NAME.png of each pair into a folder."""

    def __init__(
        self,
        pairs: Sequence[ClipPair],
        candidates: Sequence[Candidate],
        protocol: Protocol,
        sheets: Path | None,
        *,
        overwrite: bool,
    ) -> None:
        """sheets: None: no contact sheets.

        Raises:
            OutputError: the folder cannot be made, or a sheet exists already.
        """
        self._count, self._protocol = len(pairs), protocol
        self._names = [one.name for one in candidates if one.model]
        self._sheets, self._overwrite = sheets, overwrite
        self._started_s = time.monotonic()
        self._sheet = self._new_sheet()
        if sheets is not None:
            with as_output_error(sheets):
                sheets.mkdir(parents=True, exist_ok=True)
            for pair in pairs:
                check_target(sheets / f"{pair.name}.png", overwrite=overwrite)

    def on_pair_start(self, number: int, pair: ClipPair) -> None:
        """Print the pair's name and the time left."""
        spent_s = time.monotonic() - self._started_s
        left = f", {spent_s / number * (self._count - number) / 60:.0f} min left" if number else ""
        console.info(f"{number + 1} of {self._count}: {pair.name}{left}")
        self._sheet = self._new_sheet()

    def on_frame(self, frame: ScoredFrame) -> None:
        """Add the frame to the sheet."""
        if self._sheets is not None:
            self._sheet.add(frame)

    def on_pair_end(self, pair: ClipPair) -> None:
        """Write the sheet."""
        if self._sheets is not None and not self._sheet.is_empty:
            path = self._sheets / f"{pair.name}.png"
            write_image(path, self._sheet.image(), overwrite=self._overwrite)

    def _new_sheet(self) -> ContactSheet:
        return ContactSheet(self._names, self._protocol.reenactment)
