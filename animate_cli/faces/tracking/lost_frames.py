"""Fill frames in which the face was lost.

Their points are those of the last found frame (`hold`), or interpolated to the next one
(`interpolate`, `rest`), never over a cut. With `rest` the weight of the driver's motion also falls
to 0 and rises again, so that the photo returns to its own pose.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from animate_cli.options import Lost

Values = TypeVar("Values", NDArray[np.float32], NDArray[np.float16])

EASE_S = 0.4  # in which the weight falls from 1 to 0, or rises
LONGEST_STEP_S = 0.1  # between frames, at most, so that gaps in the time stamps do not jump


def fill_lost_frames(
    values: Values,
    found: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    times_s: Sequence[Fraction],
    lost: Lost,
) -> Values:
    """Values (T, ...) -> the same, with those of frames not found (T,) replaced.

    cut (T,): a shot starts there; at least one frame must be found.
    """
    if found.all():
        return values
    seen = np.flatnonzero(found)
    t = np.array([float(x) for x in times_s])
    before, after = _neighbours(found)
    shot = np.cumsum(cut)
    out = values.copy()
    for i in np.flatnonzero(~found):
        last, following = before[i], after[i]
        if last < 0:
            out[i] = values[seen[0]]
        elif following < 0 or lost is Lost.HOLD:
            out[i] = values[last]
        elif shot[last] != shot[following]:
            out[i] = values[last if shot[i] != shot[following] else following]
        else:
            share = (t[i] - t[last]) / max(t[following] - t[last], 1e-9)
            out[i] = values[last] + np.float32(share) * (values[following] - values[last])
    return out


def motion_weights(
    found: NDArray[np.bool_], times_s: Sequence[Fraction], lost: Lost
) -> NDArray[np.float32]:
    """Weight of the driver's motion, (T,) in [0, 1]; 1 in all frames unless `lost` is REST."""
    weight = np.ones(len(found), np.float32)
    if lost is not Lost.REST or found.all():
        return weight
    level = float(found[0])
    for i in range(len(found)):
        step_s = min(float(times_s[i] - times_s[i - 1]), LONGEST_STEP_S) if i else 0.0
        level += (1 if found[i] else -1) * step_s / EASE_S
        level = min(max(level, 0.0), 1.0)
        weight[i] = level * level * (3 - 2 * level)  # smoothstep
    return weight


def _neighbours(found: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """For each frame the index of the last found one up to it, and of the next from it; else -1."""
    index = np.arange(len(found))
    before = np.maximum.accumulate(np.where(found, index, -1))
    after = np.minimum.accumulate(np.where(found, index, len(found))[::-1])[::-1]
    return before, np.where(after == len(found), -1, after)
