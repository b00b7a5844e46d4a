"""Which frames of a video are held against its first: one in every so many seconds."""

from __future__ import annotations

from fractions import Fraction

EVERY_S = Fraction(1, 10)


class Pace:
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
