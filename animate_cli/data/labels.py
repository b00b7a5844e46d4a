"""Converts the landmarks of other data sets to our 74; missing points are NaN.

Convention: (x, y) in pixels; the centre of the first pixel is (0, 0). In iBUG files (300-W, 300VW)
it is (1, 1), as in MATLAB; in WFLW's it is (0, 0).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.points import LEFT_EYE, RIGHT_EYE, WFLW
from animate_cli.records import Points

POINTS = 74
IBUG_POINTS = 68
WFLW_POINTS = 98
_LID_NEIGHBOURS = ((37, 38), (41, 40), (43, 44), (47, 46))  # of the lid points 68 to 71


def from_wflw(points: NDArray[np.floating]) -> Points:
    """WFLW's points (..., 98, 2) -> (..., 74, 2)."""
    return points[..., WFLW, :].astype(np.float32)


def from_ibug(points: NDArray[np.floating]) -> Points:
    """The 68 points of a .pts file (68, 2), counted from 1 -> (74, 2); lids and pupils are NaN."""
    ours = np.full((POINTS, 2), np.nan, np.float32)
    ours[:IBUG_POINTS] = points - 1
    return ours


def labelled_points(points: Points) -> Points:
    """The points of a label (K, 2) that are not NaN -> (N, 2), N <= K."""
    return points[np.isfinite(points).all(axis=-1)]


def complete(points: Points) -> Points:
    """Points (..., 74, 2) with estimates in place of missing lids and pupils.

    A lid lies midway between its two points, a pupil at the mean of the eye's points.
    """
    made = points.copy()
    pupils = [points[..., eye, :].mean(axis=-2) for eye in (RIGHT_EYE, LEFT_EYE)]
    lids = [points[..., pair, :].mean(axis=-2) for pair in _LID_NEIGHBOURS]
    extra = np.stack((*lids, *pupils), axis=-2)
    made[..., IBUG_POINTS:, :] = np.where(
        np.isfinite(made[..., IBUG_POINTS:, :]), made[..., IBUG_POINTS:, :], extra
    )
    return made
