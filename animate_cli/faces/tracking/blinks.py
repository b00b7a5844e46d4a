"""Correct the lids of a driver's blinks, which the landmark network places too far apart.

The network's landmarks are biased towards frequent faces: a shut eye may be measured as three
quarters open; by how much differs between networks and people. A blink is short and shuts the
eye, so the ratios at blinks tell which ratio a shut eye has in this clip. Ratios are then mapped so
that this one becomes `SHUT`; ratios near the usual aperture and above stay as they are.

    ratio     aperture of an eye / its median over the clip; the larger one of both eyes, because
              the far eye of a turned head seems to shut
    minimum   a ratio that is the least within `APART_S`, and at most `MOST_AT_BOTTOM` of the
              ratios before and after it, within `AROUND_S`

A clip without blinks is returned unchanged, as is one whose blinks are measured as shut.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.aperture import eye_apertures
from animate_cli.faces.points import FACING_LEFT_LIDS, FACING_RIGHT_LIDS
from animate_cli.records import Points

SHUT = 0.15  # ratio of a shut eye: the lids' edges are still apart
MOST_AT_BOTTOM = 0.87  # ratio at a blink / ratio of the open eyes around it, at most
UNCHANGED_SHARE = 0.4  # of the range from 1 down to the ratio of a shut eye
AROUND_S = 0.5  # the eyes are open within this time before and after a blink
APART_S = 0.25  # least time between two blinks

Array = NDArray[np.float64]


def shut_lids(landmarks: Points, found: NDArray[np.bool_], times_s: Sequence[Fraction]) -> Points:
    """Smoothed landmarks (T, 74, 2) -> the same, with the lids shut where the driver blinks.

    found (T,): the face was found; other frames stay as they are. times_s: T times.
    """
    seen = np.flatnonzero(found)
    if len(seen) < 3:
        return landmarks
    points = landmarks if len(seen) == len(landmarks) else landmarks[seen]
    ratios = eye_apertures(points)  # (T', 2)
    ratios /= np.maximum(np.median(ratios, axis=0), 1e-6)
    ratio = ratios.max(axis=1)
    shut = shut_ratio(ratio, np.array([float(times_s[int(k)]) for k in seen]))
    if shut is None or shut <= SHUT:
        return landmarks
    share = stretched(ratio, shut) / np.maximum(ratio, 1e-6)
    out = landmarks.copy()
    for pairs in (FACING_RIGHT_LIDS, FACING_LEFT_LIDS):
        _scale_gaps(out, seen, pairs, share)
    return out


def shut_ratio(ratios: Array, times_s: Array) -> float | None:
    """Ratio of a shut eye in this clip: the median of the minima; None without blinks.

    ratios, times_s (T,).
    """
    minima = []
    for k in np.flatnonzero(ratios <= MOST_AT_BOTTOM):
        first, last = np.searchsorted(times_s, times_s[k] + np.array([-AROUND_S, AROUND_S]))
        before, after = ratios[first : k + 1], ratios[k:last]
        is_brief = ratios[k] <= MOST_AT_BOTTOM * min(before.max(), after.max())
        near = np.abs(times_s[first:last] - times_s[k]) <= APART_S
        if is_brief and ratios[k] <= ratios[first:last][near].min():
            minima.append(ratios[k])
    return float(np.median(minima)) if minima else None


def stretched(ratios: Array, shut: float) -> Array:
    """Ratios (T,), `shut` mapped to `SHUT`: monotonic, and the identity near 1 and above."""
    stays = 1 - UNCHANGED_SHARE * (1 - shut)
    top = max(float(ratios.max()), 1.0) + 1
    return np.interp(ratios, (shut, stays, top), (SHUT, stays, top))


def _scale_gaps(
    points: Points, frames: NDArray[np.intp], pairs: Sequence[tuple[int, int]], share: Array
) -> None:
    """Multiply the gaps of lid pairs by `share` (frames,), in place: points (T, 74, 2)."""
    upper, lower = zip(*pairs, strict=True)
    above, below = np.ix_(frames, upper), np.ix_(frames, lower)
    half = ((1 - share)[:, None, None] * (points[below] - points[above]) / 2).astype(np.float32)
    points[above] += half
    points[below] -= half
