"""Compare frames of a shot with its first frame, at fixed intervals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Generic, TypeVar

import numpy as np

from animate_cli.records import Frame, Image, Points

INTERVAL_S = Fraction(1, 10)

Reference = TypeVar("Reference")


class ReferenceSchedule:
    """Selects the first frame, the first one after a gap, then one every `INTERVAL_S`."""

    def __init__(self) -> None:
        self._last_s: Fraction | None = None

    def miss(self) -> None:
        """Report a frame without a face: the next frame is due."""
        self._last_s = None

    def is_due(self, time_s: Fraction) -> bool:
        """Whether the frame of this time is due. Each frame is asked about once, in order."""
        if self._last_s is not None and time_s - self._last_s < INTERVAL_S:
            return False
        self._last_s = time_s
        return True


class ReferenceComparator(Generic[Reference]):
    """Compares each frame that is due with the first frame of its shot."""

    def __init__(
        self,
        count: int,
        remember: Callable[[Image, Points], Reference],
        compare: Callable[[Reference, Image, Points], Points],
    ) -> None:
        """count: of vectors per frame.
        remember: pixels (H, W, 3) and landmarks (74, 2) of a first frame -> the reference.
        compare: the reference, pixels and landmarks of another frame -> vectors (count, 2).
        """
        self._count, self._remember, self._compare = count, remember, compare
        self._reference: Reference | None = None
        self._schedule = ReferenceSchedule()

    def restart(self) -> None:
        """Drop the reference: a new shot starts."""
        self._reference = None
        self._schedule.miss()

    def miss(self) -> None:
        """Report a frame without a face."""
        self._schedule.miss()

    def __call__(self, frame: Frame, points: Points) -> Points:
        """A frame and its landmarks (74, 2), in pixels -> vectors (count, 2).

        0 for the first frame of a shot, NaN for frames that are not due.
        """
        if not self._schedule.is_due(frame.time_s):
            return np.full((self._count, 2), np.nan, np.float32)
        if self._reference is None:
            self._reference = self._remember(frame.pixels, points)
            return np.zeros((self._count, 2), np.float32)
        return self._compare(self._reference, frame.pixels, points)
