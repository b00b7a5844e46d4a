"""Lids that shut: a driver's blinks read as far as they went.

A landmark network draws what it rarely sees towards what it often sees: lids that are shut are
read as three quarters open, more or less, by network and by person. Blinks tell how much. They
are short, and they shut the eye, so the readings at their bottoms are what *shut* looks like in
this clip; readings are then stretched so that these become shut, and the usual opening, and all
that lies near it or above, stays as it is.

    reading   opening of an eye over its usual opening in the clip: 1 as a rule; of both eyes the
              wider one counts, because the far eye of a turned head seems to shut
    usual     the clip's median, in units of the face's size
    bottom    the least reading near it, well below what is read shortly before and after

A clip without blinks comes back as it was, and so does one whose blinks are read as shut.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.aperture import eye_apertures
from animate_cli.faces.points import FACING_LEFT_LIDS, FACING_RIGHT_LIDS
from animate_cli.records import Points

SHUT = 0.15  # the reading of a shut eye: what is left between the lids' edges
DEEP = 0.87  # a bottom's reading at most, as a share of that of the open eyes about it
STAYS = 0.4  # this share of the way from open to shut, the uppermost, stays as it is
AROUND_S = 0.5  # within this time before and after a bottom the eyes are open
APART_S = 0.25  # two bottoms are farther apart

Array = NDArray[np.float64]


def shut_lids(landmarks: Points, found: NDArray[np.bool_], times_s: Sequence[Fraction]) -> Points:
    """Landmarks (T, 74, 2), smoothed -> the same, with the lids shut where the driver blinks.

    found (T,): frames in which the face was seen; the others stay as they are.
    """
    seen = np.flatnonzero(found)
    if len(seen) < 3:
        return landmarks
    points = landmarks if len(seen) == len(landmarks) else landmarks[seen]
    readings = eye_apertures(points)  # (T', 2)
    readings /= np.maximum(np.median(readings, axis=0), 1e-6)
    reading = readings.max(axis=1)
    shut = shut_reading(reading, np.array([float(times_s[int(k)]) for k in seen]))
    if shut is None or shut <= SHUT:
        return landmarks
    share = stretched(reading, shut) / np.maximum(reading, 1e-6)
    out = landmarks.copy()
    for pairs in (FACING_RIGHT_LIDS, FACING_LEFT_LIDS):
        _open(out, seen, pairs, share)
    return out


def shut_reading(readings: Array, times_s: Array) -> float | None:
    """What a shut eye is read as in this clip: the median of the bottoms; None without blinks.

    readings, times_s (T,): the wider eye's opening over its usual one.
    """

    bottoms = []
    for k in np.flatnonzero(readings <= DEEP):
        first, last = np.searchsorted(times_s, times_s[k] + np.array([-AROUND_S, AROUND_S]))
        before, after = readings[first : k + 1], readings[k:last]
        is_brief = readings[k] <= DEEP * min(before.max(), after.max())
        near = np.abs(times_s[first:last] - times_s[k]) <= APART_S
        if is_brief and readings[k] <= readings[first:last][near].min():
            bottoms.append(readings[k])
    return float(np.median(bottoms)) if bottoms else None


def stretched(readings: Array, shut: float) -> Array:
    """Readings with `shut` as shut: rising, and unchanged from near the usual opening upwards."""
    stays = 1 - STAYS * (1 - shut)
    top = max(float(readings.max()), 1.0) + 1
    return np.interp(readings, (shut, stays, top), (SHUT, stays, top))


def _open(
    points: Points, frames: NDArray[np.intp], pairs: Sequence[tuple[int, int]], share: Array
) -> None:
    """Bring facing lid points of these frames to this share of their distance, in place."""
    upper, lower = zip(*pairs, strict=True)
    above, below = np.ix_(frames, upper), np.ix_(frames, lower)
    half = ((1 - share)[:, None, None] * (points[below] - points[above]) / 2).astype(np.float32)
    points[above] += half
    points[below] -= half
