"""Scores landmarks by the motion of eyes, brows and mouth: slope, correlation, error.

A mean point error cannot see a pupil that is set in the middle of the eye whatever the iris does:
the error is small, and the gaze is lost. So each motion is read from the points as one number a
frame, and what was found is held against what is true:

    slope        Σ f t / Σ t² over frames, f and t found and true, each less its clip's mean:
                 1 where all of the motion is seen, 0 where none is
    correlation  Pearson's r of the same
    error        mean |found - true|, in the unit of the reading
    bins         mean found / mean true over the frames whose true value lies in a bin
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.aperture import distance
from animate_cli.faces.landmarks.jitter import interocular_px
from animate_cli.faces.points import (
    EYE_CORNERS,
    LEFT_BROW,
    LEFT_LIDS,
    PUPILS,
    RIGHT_BROW,
    RIGHT_LIDS,
)
from animate_cli.records import Points

Array = NDArray[np.float64]
Reading = Callable[[Points], Array]

GAP_BINS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6)
LEAST_BIN = 5  # frames; fewer say nothing


@dataclass(frozen=True, kw_only=True)
class BinRatio:
    """Frames whose true value lies in [low, high): mean found / mean true."""

    low: float
    high: float
    frames: int
    ratio: float


@dataclass(frozen=True, kw_only=True)
class MotionSlope:
    """One motion over all clips. `bins` of mouth gaps only."""

    frames: int
    slope: float
    correlation: float
    error: float
    bins: tuple[BinRatio, ...] = ()


def motion_slopes(found: Sequence[Points], true: Sequence[Points]) -> dict[str, MotionSlope]:
    """Every motion of `READINGS` over clips: found and true points (T, 74, 2) of each.

    Frames in which either is not finite are left out.
    """
    return {name: _slope(reading, name, found, true) for name, reading in READINGS.items()}


def slope_lines(rows: Sequence[tuple[str, Sequence[tuple[str, MotionSlope]]]]) -> list[str]:
    """A table for people, of names and their motions: slope, and correlation in brackets."""
    lines = [["slope (r)", *(name for name, _ in rows[0][1])]]
    for title, motions in rows:
        cells = [f"{score.slope:.2f} ({score.correlation:.2f})" for _, score in motions]
        lines.append([title, *cells])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return ["  ".join(f"{c:>{w}}" for c, w in zip(ln, widths, strict=True)) for ln in lines]


def _slope(
    reading: Reading, name: str, found: Sequence[Points], true: Sequence[Points]
) -> MotionSlope:
    pairs = [(reading(f), reading(t)) for f, t in zip(found, true, strict=True)]
    known = [np.isfinite(f) & np.isfinite(t) for f, t in pairs]
    pairs = [(f[k], t[k]) for (f, t), k in zip(pairs, known, strict=True) if k.any()]
    if not pairs:
        return MotionSlope(frames=0, slope=np.nan, correlation=np.nan, error=np.nan)
    f, t = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    df, dt = (np.concatenate([p[side] - p[side].mean() for p in pairs]) for side in (0, 1))
    moved = float(np.sqrt((df @ df) * (dt @ dt)))
    return MotionSlope(
        frames=len(t),
        slope=float(df @ dt / max(dt @ dt, 1e-12)),
        correlation=float(df @ dt / max(moved, 1e-12)),
        error=float(np.abs(f - t).mean()),
        bins=_bins(f, t) if name == "mouth gap" else (),
    )


def _bins(found: Array, true: Array) -> tuple[BinRatio, ...]:
    rows = []
    for low, high in pairwise(GAP_BINS):
        inside = (true >= low) & (true < high)
        if inside.sum() >= LEAST_BIN:
            ratio = float(found[inside].mean() / true[inside].mean())
            rows.append(BinRatio(low=low, high=high, frames=int(inside.sum()), ratio=ratio))
    return tuple(rows)


def gaze(points: Points, axis: int) -> Array:
    """Pupils off the middle of their eye's corners, mean of both eyes, in eye widths.

    points (T, 74, 2); axis: 0 along the corners, 1 across them, downwards -> (T,)
    """
    offsets = []
    for (right, left), pupil in zip(EYE_CORNERS, PUPILS, strict=True):
        along = points[:, left].astype(np.float64) - points[:, right]
        unit = along if axis == 0 else np.stack((-along[:, 1], along[:, 0]), axis=1)
        off = points[:, pupil] - (points[:, right] + points[:, left]) / 2
        offsets.append((off * unit).sum(axis=1) / np.maximum(np.square(along).sum(axis=1), 1e-9))
    return np.asarray(np.mean(offsets, axis=0))


def eye_opening(points: Points, lids: tuple[int, int], corners: tuple[int, int]) -> Array:
    """Between the middles of the lids, in widths of that eye: (T, 74, 2) -> (T,)."""
    return np.asarray(distance(points, lids) / np.maximum(distance(points, corners), 1e-6))


def brow_height(points: Points) -> Array:
    """Brows above the line of the eyes' corners, in distances of the outer ones: -> (T,)."""
    brows = points[:, list(RIGHT_BROW + LEFT_BROW)].mean(axis=1).astype(np.float64)
    corners = points[:, [k for pair in EYE_CORNERS for k in pair]].mean(axis=1)
    across = points[:, EYE_CORNERS[1][1]].astype(np.float64) - points[:, EYE_CORNERS[0][0]]
    up = np.stack((across[:, 1], -across[:, 0]), axis=1)
    height = ((brows - corners) * up).sum(axis=1)
    return np.asarray(height / np.maximum(np.square(across).sum(axis=1), 1e-9))


def between(points: Points, ends: tuple[int, int]) -> Array:
    """Two points' distance, in distances of the outer eye corners: (T, 74, 2) -> (T,)."""
    return np.asarray(distance(points, ends) / interocular_px(points))


READINGS: Mapping[str, Reading] = {
    "gaze x": partial(gaze, axis=0),
    "gaze y": partial(gaze, axis=1),
    "right lid": partial(eye_opening, lids=RIGHT_LIDS, corners=EYE_CORNERS[0]),
    "left lid": partial(eye_opening, lids=LEFT_LIDS, corners=EYE_CORNERS[1]),
    "brows": brow_height,
    "mouth gap": partial(between, ends=(62, 66)),
    "mouth width": partial(between, ends=(48, 54)),
    "lower lip": partial(between, ends=(66, 57)),
    "upper lip": partial(between, ends=(51, 62)),
}
