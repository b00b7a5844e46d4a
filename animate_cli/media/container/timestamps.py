"""Converts the time stamps of containers to exact, strictly rising times."""

from __future__ import annotations

from fractions import Fraction

_JUMP_S = 1


class Timestamps:
    """Converts time stamps to seconds since the file's first frame, strictly rising.

    At a constant rate, times that the container rounded (Matroska stores milliseconds) become exact
    multiples of the period. A frame with a missing stamp is one period after the frame before; with
    a repeated or backward stamp, half a period, so that it does not delay the next. After a jump
    back of a second or more, times continue one period after the last.
    """

    def __init__(
        self, *, time_base: Fraction, first_pts: int, rate: Fraction, is_variable: bool
    ) -> None:
        self.time_base = time_base
        self.rate = rate
        self.repaired = 0
        self._is_variable = is_variable
        self._shift = -first_pts * time_base
        self._last: Fraction | None = None

    @property
    def reached_s(self) -> Fraction:
        """Time of the last frame."""
        return self._last or Fraction(0)

    def time(self, pts: int | None) -> Fraction:
        """Seconds of the frame with this stamp; call once per frame, in display order."""
        time = self._repair(None if pts is None else self.nominal(pts))
        self._last = time
        return time

    def nominal(self, pts: int) -> Fraction:
        """Seconds of a stamp, not corrected for earlier frames."""
        time = pts * self.time_base + self._shift
        return time if self._is_variable else self._on_multiple(time)

    def _repair(self, time: Fraction | None) -> Fraction:
        if self._last is None:
            return Fraction(0) if time is None else time
        if time is not None and time > self._last:
            return time
        self.repaired += 1
        if time is None:
            return self._last + 1 / self.rate
        if self._last - time >= _JUMP_S:
            self._shift += self._last + 1 / self.rate - time
            return self._last + 1 / self.rate
        return self._last + 1 / (2 * self.rate)

    def _on_multiple(self, time: Fraction) -> Fraction:
        multiple = round(time * self.rate) / self.rate
        return multiple if abs(time - multiple) <= self.time_base else time
