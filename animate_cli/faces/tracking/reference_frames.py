"""Which frames of a video are held against its first: one in every so many seconds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Generic, TypeVar

import numpy as np

from animate_cli.records import Frame, Image, Points

EVERY_S = Fraction(1, 10)

Reference = TypeVar("Reference")


class ReferenceSchedule:
    """The first frame, the first after whatever was missed, then one in every `EVERY_S`."""

    def __init__(self) -> None:
        self._last_s: Fraction | None = None

    def miss(self) -> None:
        """The next frame is due, whenever it comes."""
        self._last_s = None

    def is_due(self, time_s: Fraction) -> bool:
        """Whether the frame of this time is, of which nobody asked before."""
        if self._last_s is not None and time_s - self._last_s < EVERY_S:
            return False
        self._last_s = time_s
        return True


class ReferenceComparator(Generic[Reference]):
    """Holds the frames of a video against its first, one after another."""

    def __init__(
        self,
        count: int,
        remember: Callable[[Image, Points], Reference],
        compare: Callable[[Reference, Image, Points], Points],
    ) -> None:
        """remember: pixels and landmarks (74, 2) of the first frame; compare: what was remembered
        with those of another frame -> (count, 2)."""
        self._count, self._remember, self._compare = count, remember, compare
        self._reference: Reference | None = None
        self._pace = ReferenceSchedule()

    def restart(self) -> None:
        """Forget the reference: another shot, or another person, begins."""
        self._reference = None
        self._pace.miss()

    def miss(self) -> None:
        """A frame shows no face."""
        self._pace.miss()

    def __call__(self, frame: Frame, points: Points) -> Points:
        """A frame, the points (74, 2) seen in it, in its pixels -> (count, 2): nothing in the first
        frame, NaN where it is not asked for, see `ReferenceSchedule`.
        """
        if not self._pace.is_due(frame.time_s):
            return np.full((self._count, 2), np.nan, np.float32)
        if self._reference is None:
            self._reference = self._remember(frame.pixels, points)
            return np.zeros((self._count, 2), np.float32)
        return self._compare(self._reference, frame.pixels, points)
