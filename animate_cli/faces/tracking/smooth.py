"""Smooth a whole trajectory without lag: local quadratic regression and local Wiener filtering.

Every coordinate is fitted by a quadratic in time, in a window about each frame (Savitzky & Golay
1964, here with tricube weights and each point's confidence, at any frame rate). The window is
symmetric, so there is no lag. A window wide enough to remove the jitter of a landmark network would
also flatten blinks and lip motion, so the residual is added back in the share that is not noise
(Lee 1980, local linear minimum mean square error filter):

    out = fit + max(0, 1 - σ² / v) (seen - fit)

v     mean square of (seen - fit) over the points of one facial part and three neighbouring frames
σ²    variance of the noise: a robust estimate from third differences in time of the same part

A blink moves all points of an eye by many σ for some frames and is kept; jitter is removed. The
alternative was a One-Euro filter (Casiez et al. 2012) run forwards and backwards: it adapts to
speed but not to noise, and its constants have to be tuned for each camera.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.points import (
    INNER_LIPS,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_LIDS,
    NOSE,
    OUTER_LIPS,
    PUPILS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.records import Points

UPPER_LIP = OUTER_LIPS[:7] + INNER_LIPS[:5]
LOWER_LIP = OUTER_LIPS[7:] + INNER_LIPS[5:]
LIDS_AND_LIPS = (RIGHT_EYE + RIGHT_LIDS, LEFT_EYE + LEFT_LIDS, UPPER_LIP, LOWER_LIP)
"""Lids and lips: their estimate of noise is limited, as constant speech would raise it."""
PARTS = (
    JAW,
    RIGHT_BROW,
    LEFT_BROW,
    NOSE,
    PUPILS,
    *LIDS_AND_LIPS,
)
MIN_HALF_WINDOW_S = 0.1  # two or three frames to each side
ADDED_HALF_WINDOW_S = 0.15  # times the strength
NOISE_GAIN = 2.0  # σ² is multiplied by this and by the strength
BLOCK = 512  # frames that are smoothed at a time
LEAST_WEIGHT = 0.05  # of a point with confidence 0
THIRD_DIFFERENCE_NORM = 20.0  # 1 + 9 + 9 + 1: variance of white noise's third difference

Array = NDArray[np.float64]


def smooth(
    landmarks: Points,
    confidence: NDArray[np.float32],
    found: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    times_s: Sequence[Fraction],
    strength: float,
) -> Points:
    """Smoothed points (T, 74, 2).

    confidence (T, 74); found, cut (T,): the face was found, a shot starts; times_s: T times;
    strength: 0 (unchanged) to 1. Each run of found frames within a shot is smoothed by itself;
    other frames stay as they are. Cost: about one second for 10 minutes at 30 frames/s.
    """
    if strength <= 0:
        return landmarks
    out = landmarks.copy()
    t = np.array([float(x) for x in times_s])
    for run in runs(found, cut):
        _smooth_run(landmarks[run], confidence[run], t[run], strength, out[run])
    return out


def runs(found: NDArray[np.bool_], cut: NDArray[np.bool_]) -> Iterator[slice]:
    """Slices of consecutive frames of one shot in which the face was found."""
    starts = found & np.concatenate(([True], ~found[:-1] | cut[1:]))
    first = np.flatnonzero(starts)
    after = np.append(first, len(found))[1:]
    for start, limit in zip(first, after, strict=True):
        gone = np.flatnonzero(~found[start:limit])
        yield slice(int(start), int(start + gone[0]) if len(gone) else int(limit))


def _smooth_run(
    seen: Points, confidence: NDArray[np.float32], t: Array, strength: float, out: Points
) -> None:
    """seen (T, 74, 2), confidence (T, 74), t (T,) -> out (T, 74, 2).

    Smoothed `BLOCK` frames at a time, which bounds the memory for the moments of the windows.
    """
    if len(seen) < 4:
        return
    noise = np.array([noise_variance(seen, part) for part in PARTS])
    half_s = MIN_HALF_WINDOW_S + ADDED_HALF_WINDOW_S * strength
    margin = _reach(t, half_s) + 1
    for start in range(0, len(seen), BLOCK):
        low, stop = max(0, start - margin), min(start + BLOCK, len(seen))
        near = slice(low, min(stop + margin, len(seen)))
        weight = np.maximum(confidence[near], LEAST_WEIGHT)
        smoothed = _smooth_block(seen[near].astype(np.float64), weight, t[near], strength, noise)
        out[start:stop] = smoothed[start - low : stop - low]


def _smooth_block(
    seen: Array, weight: NDArray[np.float32], t: Array, strength: float, noise: Array
) -> Array:
    """seen (T, 74, 2), weight (T, 74), t (T,), noise of each part -> (T, 74, 2)"""
    out = local_quadratic(seen, weight, t, MIN_HALF_WINDOW_S + ADDED_HALF_WINDOW_S * strength)
    away = seen - out
    usual = float(np.median(noise))
    for part, own in zip(PARTS, noise, strict=True):
        k = list(part)
        power = _near_mean(
            (away[:, k] ** 2).mean(axis=1).max(axis=1)
        )  # (T,), of the axis that moves more
        floor = NOISE_GAIN * strength * (min(own, usual) if part in LIDS_AND_LIPS else own)
        keep = np.clip(1 - floor / np.maximum(power, 1e-12), 0, 1)
        out[:, k] += keep[:, None, None] * away[:, k]
    return out


def local_quadratic(seen: Array, weight: NDArray[np.floating], t: Array, half_s: float) -> Array:
    """The quadratic fitted in the window of ± half_s about each time, evaluated at that time.

    seen (T, K, 2), weight (T, K) > 0, t (T,) strictly rising -> (T, K, 2). Solved in closed form
    for all points at once, from weighted moments that are summed over the window's offsets.
    """
    frames, points, _ = seen.shape
    s = np.zeros((5, frames, points))  # Σ w τ^n
    y = np.zeros((3, frames, points, 2))  # Σ w τ^n seen
    reach = _reach(t, half_s)
    for offset in range(-reach, reach + 1):
        here = slice(max(0, -offset), min(frames, frames - offset))
        there = slice(here.start + offset, here.stop + offset)
        tau = (t[there] - t[here]) / half_s
        window = np.clip(1 - np.abs(tau) ** 3, 0, None) ** 3  # tricube
        w = window[:, None] * weight[there]
        for n in range(5):
            s[n, here] += w
            if n < 3:
                y[n, here] += w[..., None] * seen[there]
            w = w * tau[:, None]
    return _value_at_zero(s, y)


def _value_at_zero(s: Array, y: Array) -> Array:
    """Constant term of the fit by Cramer's rule: moments s (5, T, K), y (3, T, K, 2) -> (T, K, 2).

    A small ridge on slope and curvature makes windows of one or two frames plain means.
    """
    ridge = 1e-9 * s[0]
    s0, s1, s2, s3, s4 = s[0], s[1], s[2], s[3], s[4]
    a, b = s2 + ridge, s4 + ridge
    m0, m1, m2 = a * b - s3 * s3, s1 * b - s2 * s3, s1 * s3 - a * s2
    determinant = s0 * m0 - s1 * m1 + s2 * m2
    top: Array = y[0] * m0[..., None] - y[1] * m1[..., None] + y[2] * m2[..., None]
    value: Array = top / determinant[..., None]
    return value


def noise_variance(seen: NDArray[np.floating], part: Sequence[int]) -> float:
    """Variance of the noise of one part's points, in pixels²: seen (T, 74, 2) with T >= 4.

    Third differences in time remove quadratic motion; their median over time is robust to the
    frames in which the part moves otherwise.
    """
    points = list(part)
    powers = []
    for start in range(0, len(seen) - 3, BLOCK):
        near = seen[start : start + BLOCK + 3, points].astype(np.float64)
        powers.append((np.diff(near, n=3, axis=0) ** 2).mean(axis=(1, 2)))
    return float(np.median(np.concatenate(powers))) / THIRD_DIFFERENCE_NORM


def _near_mean(power: Array) -> Array:
    """Mean over each frame and its two neighbours: (T,) -> (T,)."""
    padded = np.pad(power, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def _reach(t: Array, half_s: float) -> int:
    """The largest number of frames that a window of ± half_s has on one side."""
    last = np.searchsorted(t, t + half_s, side="left") - 1
    return int((last - np.arange(len(t))).max())
