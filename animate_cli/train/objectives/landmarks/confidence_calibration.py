"""Calibration of confidence: a logistic regression of whether a point's error is small.

A landmark's confidence is σ(s (h - d)), where d is the standard deviation of its heatmap in cells
(`faces.landmarks.network.confidence`). A point is near if its error is below `NEAR` of the distance
between the outer eye corners. h and s are the maximum-likelihood fit of the probability that a
point is near, on people who were not trained on, with the training's augmentation. So at a
confidence of 0.5 a point is near with probability 0.5.

0.1 is the usual limit of a failure. 0.05 was tried: errors that small are as much the labels' as
the network's, and the curve did not fit (41 % of the points with confidence 0.5 were near, and 55 %
of those above 0.9).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAR = 0.1  # of the distance between the outer eye corners
NEWTON_STEPS = 100
LONGEST_STEP = 1.0
PRIOR = 1e-4  # L2 penalty of the slope: without it, separable data has no fit

Array = NDArray[np.float64]


def fit_confidence(deviation: Array, is_near: NDArray[np.bool_]) -> tuple[float, float] | None:
    """(h, s) from points' deviations (N,) in cells and whether they were near (N,).

    None where there is nothing to fit: all points were near, or none, or a smaller deviation did
    not mean a smaller error.
    """
    if is_near.all() or not is_near.any():
        return None
    middle = float(
        deviation.mean()
    )  # deviations are centred, which makes both parameters nearly independent
    design = np.stack((np.ones_like(deviation), middle - deviation), axis=1)  # (N, 2)
    a, s = _newton(design, is_near.astype(np.float64))
    return (middle + a / s, s) if s > 0 and middle + a / s > 0 else None


def _newton(design: Array, y: Array) -> tuple[float, float]:
    """Maximum of the Bernoulli likelihood of y (N,) under σ(design @ β) -> β (2,)."""
    beta = np.zeros(2)
    ridge = np.diag((0.0, PRIOR * len(y)))
    for _ in range(NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        slope = design.T @ (y - p) - ridge @ beta
        bend = (design * (p * (1 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
        beta += step * min(1.0, LONGEST_STEP / max(np.abs(step).max(), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[0]), float(beta[1])
