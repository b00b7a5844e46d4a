"""Other data sets' points as our 74; a point that a data set does not name is NaN.

Convention: pixels, (x, y), centre of the first pixel (0, 0). The iBUG files (300-W, 300VW) count
from 1, as their makers' MATLAB does; WFLW's count from 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.points import WFLW
from animate_cli.records import Points

POINTS = 74
IBUG_POINTS = 68
WFLW_POINTS = 98


def from_wflw(points: NDArray[np.floating]) -> Points:
    """WFLW's points (..., 98, 2) -> (..., 74, 2)."""
    return points[..., WFLW, :].astype(np.float32)


def from_ibug(points: NDArray[np.floating]) -> Points:
    """The 68 points of a .pts file (68, 2), counted from 1 -> (74, 2): lids and pupils unnamed."""
    ours = np.full((POINTS, 2), np.nan, np.float32)
    ours[:IBUG_POINTS] = points - 1
    return ours


def named(points: Points) -> Points:
    """The points (K, 2) that a label names: -> (N, 2), N <= K."""
    return points[np.isfinite(points).all(axis=-1)]
