"""A whole trajectory calmed without lag: local quadratics in time, held back where things happen.

Every coordinate is fitted in a window about each frame by a quadratic in *time* (Savitzky & Golay
1964, with a tricube window and each point's confidence as weight, hence any frame rate). Looking
both ways it has no lag; a quadratic follows turns of the head. A window wide enough to still the
trembling of a landmark network would also flatten blinks and lips, so what the fit took away is
given back in the share that is not noise (Lee 1980, local linear minimum mean square error):

    out = fit + max(0, 1 - σ² / v) (seen - fit)

v     mean square of (seen - fit) over the points of one facial part and neighbouring frames
σ²    the same for noise alone: a robust estimate from the part's own third differences

A blink moves all points of an eye for some frames by many σ and passes untouched; trembling does
not. A one-euro filter run both ways was the alternative: it knows speed but not noise, and needs
its constants tuned to every camera.
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
LIVELY = (RIGHT_EYE + RIGHT_LIDS, LEFT_EYE + LEFT_LIDS, UPPER_LIP, LOWER_LIP)
"""Lids and lips: who speaks without a pause is not noise."""
PARTS = (
    JAW,
    RIGHT_BROW,
    LEFT_BROW,
    NOSE,
    PUPILS,
    *LIVELY,
)
LEAST_WINDOW_S = 0.1  # half the window: two or three frames to each side
WINDOW_S = 0.15  # ... so much more at full strength
NOISE_GAIN = 2.0  # noise is believed so many times stronger than measured, at full strength
BLOCK = 512  # frames that are smoothed together
LEAST_WEIGHT = 0.05  # of a point without confidence
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
    """Points (T, 74, 2) -> the same, calmer; strength 0 gives them back unchanged, 1 is strongest.

    Runs of found frames are smoothed each for itself, never over a cut; other frames stay as they
    are. Cost: 10 minutes at 30 frames/s take about a second.
    """
    if strength <= 0:
        return landmarks
    out = landmarks.copy()
    t = np.array([float(x) for x in times_s])
    for run in runs(found, cut):
        _smooth_run(landmarks[run], confidence[run], t[run], strength, out[run])
    return out


def runs(found: NDArray[np.bool_], cut: NDArray[np.bool_]) -> Iterator[slice]:
    """Stretches of frames in which the face was seen without a break."""
    starts = found & np.concatenate(([True], ~found[:-1] | cut[1:]))
    first = np.flatnonzero(starts)
    after = np.append(first, len(found))[1:]
    for start, limit in zip(first, after, strict=True):
        gone = np.flatnonzero(~found[start:limit])
        yield slice(int(start), int(start + gone[0]) if len(gone) else int(limit))


def _smooth_run(
    seen: Points, confidence: NDArray[np.float32], t: Array, strength: float, out: Points
) -> None:
    """seen (T, 74, 2), confidence (T, 74), t (T,) -> out (T, 74, 2), a block at a time: the
    trajectory of a film is small, the moments of its windows are not."""
    if len(seen) < 4:
        return
    noise = np.array([noise_variance(seen, part) for part in PARTS])
    half_s = LEAST_WINDOW_S + WINDOW_S * strength
    margin = _reach(t, half_s) + 1
    for start in range(0, len(seen), BLOCK):
        low, stop = max(0, start - margin), min(start + BLOCK, len(seen))
        near = slice(low, min(stop + margin, len(seen)))
        weight = np.maximum(confidence[near], LEAST_WEIGHT)
        calm = _smooth_block(seen[near].astype(np.float64), weight, t[near], strength, noise)
        out[start:stop] = calm[start - low : stop - low]


def _smooth_block(
    seen: Array, weight: NDArray[np.float32], t: Array, strength: float, noise: Array
) -> Array:
    """seen (T, 74, 2), weight (T, 74), t (T,), noise of each part -> (T, 74, 2)"""
    out = local_quadratic(seen, weight, t, LEAST_WINDOW_S + WINDOW_S * strength)
    away = seen - out
    usual = float(np.median(noise))
    for part, own in zip(PARTS, noise, strict=True):
        k = list(part)
        power = _near_mean((away[:, k] ** 2).mean(axis=1).max(axis=1))  # (T,), of the livelier axis
        floor = NOISE_GAIN * strength * (min(own, usual) if part in LIVELY else own)
        keep = np.clip(1 - floor / np.maximum(power, 1e-12), 0, 1)
        out[:, k] += keep[:, None, None] * away[:, k]
    return out


def local_quadratic(seen: Array, weight: NDArray[np.floating], t: Array, half_s: float) -> Array:
    """The value at each time of the quadratic fitted in the window of +- half_s about it.

    seen (T, K, 2), weight (T, K) > 0, t (T,) strictly rising -> (T, K, 2). Solved in closed form
    for all points at once, from the weighted moments of the times, gathered offset by offset.
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
    """Cramer's rule for the constant term of the fit; moments s (5, T, K), y (3, T, K, 2).

    A trace of ridge on slope and bend turns windows of one or two frames into plain means.
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
    """Variance of the frame-to-frame trembling of one part, seen (T, 74, 2) with T >= 4.

    Third differences remove motion up to a quadratic; the median over time ignores the moments
    in which the part really moves.
    """
    points = list(part)
    powers = []
    for start in range(0, len(seen) - 3, BLOCK):
        near = seen[start : start + BLOCK + 3, points].astype(np.float64)
        powers.append((np.diff(near, n=3, axis=0) ** 2).mean(axis=(1, 2)))
    return float(np.median(np.concatenate(powers))) / THIRD_DIFFERENCE_NORM


def _near_mean(power: Array) -> Array:
    """Mean over a frame and its two neighbours."""
    padded = np.pad(power, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def _reach(t: Array, half_s: float) -> int:
    """The most frames that any window of +- half_s spans to one side."""
    last = np.searchsorted(t, t + half_s, side="left") - 1
    return int((last - np.arange(len(t))).max())
