"""Calibration of confidence: a logistic curve fitted to how often points really were near.

A landmark's confidence is σ(s (h - d)), d the standard deviation of its heatmap in cells
(`faces.landmarks.network.confidence`). h and s are the maximum-likelihood fit, on people that the
training did not see and squares as damaged as its own, of the event that a point is near: off by
less than `NEAR` of the distance between the outer eye corners. So confidence 0.5 says: as likely
near as not.

A tenth is the usual limit of a failure. A twentieth was tried: so small an error comes from the
labels as much as from the network, and the curve did not fit (points of confidence 0.5 were near in
41 of 100 cases, those above 0.9 in 55).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAR = 0.1  # of the distance between the outer eye corners
NEWTON_STEPS = 100
LONGEST_STEP = 1.0
PRIOR = 1e-4  # pull of the slope to zero: without it, separable data has no fit

Array = NDArray[np.float64]


def fit_confidence(deviation: Array, is_near: NDArray[np.bool_]) -> tuple[float, float] | None:
    """(h, s) from points' deviations (N,) in cells and whether they were near (N,).

    None where sharper heatmaps were not nearer, or all points were near, or none: nothing to fit.
    """
    if is_near.all() or not is_near.any():
        return None
    middle = float(deviation.mean())  # about it, the two numbers hardly depend on each other
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
