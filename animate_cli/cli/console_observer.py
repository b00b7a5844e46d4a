"""An evaluation followed on the command line: a line per take, and contact sheets where wanted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from animate_cli.cli import console
from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.report.contact_sheet import ContactSheet
from animate_cli.evaluate.runner.clip_run import ScoredFrame
from animate_cli.evaluate.runner.evaluate import EvaluationObserver
from animate_cli.media.images.image import write_image
from animate_cli.media.target import check_target, told


class ConsoleObserver(EvaluationObserver):
    """Counts takes, tells the time that is left, and writes TAKE.png into a folder."""

    def __init__(
        self,
        takes: Sequence[ClipPair],
        entrants: Sequence[Candidate],
        protocol: Protocol,
        sheets: Path | None,
        *,
        overwrite: bool,
    ) -> None:
        """sheets: None: no contact sheets.

        Raises:
            OutputError: the folder cannot be made, or a sheet exists already.
        """
        self._count, self._protocol = len(takes), protocol
        self._names = [one.name for one in entrants if one.model]
        self._sheets, self._overwrite = sheets, overwrite
        self._started_s = time.monotonic()
        self._sheet = self._new_sheet()
        if sheets is not None:
            with told(sheets):
                sheets.mkdir(parents=True, exist_ok=True)
            for take in takes:
                check_target(sheets / f"{take.name}.png", overwrite=overwrite)

    def begins(self, number: int, take: ClipPair) -> None:
        """Tell it."""
        spent_s = time.monotonic() - self._started_s
        left = f", {spent_s / number * (self._count - number) / 60:.0f} min left" if number else ""
        console.tell(f"{number + 1} of {self._count}: {take.name}{left}")
        self._sheet = self._new_sheet()

    def sees(self, shown: ScoredFrame) -> None:
        """Keep it for the sheet."""
        if self._sheets is not None:
            self._sheet.add(shown)

    def ends(self, take: ClipPair) -> None:
        """Write the sheet."""
        if self._sheets is not None and not self._sheet.is_empty:
            path = self._sheets / f"{take.name}.png"
            write_image(path, self._sheet.picture(), overwrite=self._overwrite)

    def _new_sheet(self) -> ContactSheet:
        return ContactSheet(self._names, self._protocol.reenactment)
