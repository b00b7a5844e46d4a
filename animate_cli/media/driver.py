"""What every driver is to the stages after it: frames, and what had to be done to get them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Self

from animate_cli.options import ReadOptions
from animate_cli.records import Frame, VideoInfo


class DriverReader(ABC):
    """Iterate it for frames; iterating again starts over.

    info: the whole driver. expected: frames that this iteration should give, for a progress bar,
    where that is known. After iterating: decoded, frames given, stand-ins included; concealed,
    stand-ins among them; notes, what had to be changed or repaired, for the user; origin_s, time
    of the first frame given, on the file's own clock.
    """

    def __init__(self, info: VideoInfo, options: ReadOptions) -> None:
        self.info = info
        self.options = options
        self.decoded = 0
        self.concealed = 0
        self.origin_s = Fraction(0)
        self._notes: list[str] = []
        self._running: Iterator[Frame] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        self.close()
        self.decoded = self.concealed = 0
        self._notes = []
        self._running = self._frames()
        return self._running

    def close(self) -> None:
        """Let go of the file; a running iteration ends."""
        if self._running is not None and hasattr(self._running, "close"):
            self._running.close()
        self._running = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading changed or repaired so far."""
        return (*self.info.notes, *self._notes)

    @property
    def expected(self) -> int | None:
        """Frames between start and end, as far as the file's own words can be trusted."""
        total, options = self.info.frames, self.options
        if options.start_s == 0 and options.duration_s is None:
            return total
        if self.info.duration_s is None:
            return None
        length = max(self.info.duration_s - options.start_s, Fraction(0))
        if options.duration_s is not None:
            length = min(length, options.duration_s)
        return round(length * self.info.rate)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    @abstractmethod
    def _frames(self) -> Iterator[Frame]: ...
