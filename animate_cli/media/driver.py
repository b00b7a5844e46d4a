"""The common interface of all driver readers."""

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
    """Refuse a driver whose used part is longer than `options.max_duration_s`.

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
    """Reads a driver: iterate it for frames; iterating again starts over.

    info: describes the whole driver. expected: the probable number of frames, for a progress bar;
    None if not known. After an iteration: decoded: number of frames; concealed: number of damaged
    frames, replaced by the one before; notes: changes and repairs, for the user; origin_s: time of
    the first frame in the file.
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
        """Close the file; a running iteration ends."""
        if self._running is not None and hasattr(self._running, "close"):
            self._running.close()
        self._running = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Changes and repairs so far, for the user."""
        return (*self.info.notes, *self._notes)

    @property
    def expected(self) -> int | None:
        """Frames between start and end, from the file's headers."""
        total, options = self.info.frames, self.options
        if options.start_s == 0 and options.duration_s is None:
            return total
        length = self._length_s
        return None if length is None else round(length * self.info.rate)

    @property
    def _length_s(self) -> Fraction | None:
        """Seconds from start to end, from the file's headers."""
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
