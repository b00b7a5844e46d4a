"""What every driver is to the stages after it: frames, and what had to be done to get them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from animate_cli.errors import MediaError
from animate_cli.options import ReadOptions
from animate_cli.records import Frame, VideoInfo


def refuse_long(path: Path, length_s: Fraction, options: ReadOptions) -> None:
    """Refuse a driver of which more is used than the options allow.

    Raises:
        MediaError: it is too long.
    """
    if length_s > options.max_duration_s:
        raise MediaError(
            f"{path} is too long: {float(length_s):.0f} s are used, "
            f"limit {float(options.max_duration_s):g} s",
            hint="use a part with --start and --duration, or raise --max-duration",
        )


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
        refuse_long(info.path, self._length_s or Fraction(0), options)

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
        length = self._length_s
        return None if length is None else round(length * self.info.rate)

    @property
    def _length_s(self) -> Fraction | None:
        """From start to end, by the file's own words."""
        if self.info.duration_s is None:
            return None
        length = max(self.info.duration_s - self.options.start_s, Fraction(0))
        wanted = self.options.duration_s
        return length if wanted is None else min(length, wanted)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)

    @abstractmethod
    def _frames(self) -> Iterator[Frame]: ...
