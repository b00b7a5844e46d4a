"""Jitter of tracked landmarks: the score SMS of Zhao, Wu, Guo 2021, eq. 9.

    SMS = 1/T Σ_t | (D(t-1) + D(t+1)) / 2 - D(t) |

D(t) are the landmarks of frame t. Uniform motion scores 0; a point that alternates by ±a about
its path scores 2a.

Departures from the paper: it does not define |.| over the points of a frame; here it is the mean
of their Euclidean lengths, in pixels, which does not depend on the number of points. A frame
counts if the face was found in it and in both its neighbours, all in one shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.records import Points

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Jitter:
    """SMS of one trajectory.

    px: in pixels; interocular: each frame's term divided by the distance between its outer eye
    corners; frames: number of terms. Both scores are NaN if it is 0.
    """

    px: float
    interocular: float
    frames: int


def sms(landmarks: Points, found: NDArray[np.bool_], cut: NDArray[np.bool_]) -> Jitter:
    """SMS of points (T, 74, 2); found (T,): a face was found; cut (T,): a shot starts there.

    The first K of the 74 points suffice if the outer eye corners are among them.
    """
    if len(landmarks) < 3:
        return Jitter(px=float("nan"), interocular=float("nan"), frames=0)
    counted = found[:-2] & found[1:-1] & found[2:] & ~cut[1:-1] & ~cut[2:]
    if not counted.any():
        return Jitter(px=float("nan"), interocular=float("nan"), frames=0)
    deviation = deviations(landmarks)[counted].mean(axis=1)
    between = interocular_px(landmarks)[1:-1][counted]
    return Jitter(
        px=float(deviation.mean()),
        interocular=float((deviation / between).mean()),
        frames=int(counted.sum()),
    )


def deviations(landmarks: Points) -> Array:
    """Distance of each point from the mean of its neighbours in time: (T, K, 2) -> (T - 2, K)."""
    d = landmarks.astype(np.float64)
    away: Array = np.linalg.norm((d[:-2] + d[2:]) / 2 - d[1:-1], axis=-1)
    return away


def interocular_px(landmarks: Points) -> Array:
    """Distance between the outer eye corners: points (..., 74, 2) -> (...), at least 1e-6."""
    right, left = OUTER_EYE_CORNERS
    across = (landmarks[..., right, :] - landmarks[..., left, :]).astype(np.float64)
    between: Array = np.maximum(np.linalg.norm(across, axis=-1), 1e-6)
    return between


def mean_jitter(clips: Sequence[Jitter]) -> Jitter:
    """The mean jitter over all frames of several clips."""
    counted = [one for one in clips if one.frames]
    frames = sum(one.frames for one in counted)
    if not frames:
        return Jitter(px=float("nan"), interocular=float("nan"), frames=0)
    return Jitter(
        px=sum(one.px * one.frames for one in counted) / frames,
        interocular=sum(one.interocular * one.frames for one in counted) / frames,
        frames=frames,
    )
