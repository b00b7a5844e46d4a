"""A square about a face that follows it slowly, for networks that read frames.

These networks were trained on squares in which the head moves. A square that followed the
landmarks of each frame would jitter with them and hide the head's motion, so the box is averaged
over two seconds; it still follows a person who walks through the picture.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import FACE_MARGIN, HEADROOM
from animate_cli.records import Trajectory

WINDOW_S = 2.0


def steady_squares(trajectory: Trajectory) -> NDArray[np.float64]:
    """Half the side, and the centre x, y of each frame's square, in driver pixels: (T, 3)."""
    low, high = trajectory.landmarks.min(axis=1), trajectory.landmarks.max(axis=1)  # (T, 2)
    side = FACE_MARGIN * (high - low).max(axis=1).astype(np.float64)
    centre = (low + high) / 2 - np.stack((0 * side, HEADROOM * side), axis=1)
    boxes = np.column_stack((side / 2, centre))
    half = max(1, round(WINDOW_S / 2 * float(trajectory.rate)))
    starts = [0, *np.flatnonzero(trajectory.cut[1:]) + 1, len(boxes)]
    shots = [boxes[a:b] for a, b in pairwise(starts)]
    return np.concatenate([_mean_about(shot, half) for shot in shots])


def _mean_about(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """Moving average over up to `half` frames before and after each: (T, 3) -> (T, 3)."""
    sums = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)))
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])
