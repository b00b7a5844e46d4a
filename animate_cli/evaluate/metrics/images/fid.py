"""FID, Fréchet inception distance (Heusel et al. 2017): how far two sets of pictures are apart.

    symbol | name        | formula
    m, C   | `FeatureStatistics`  | mean and covariance of Inception features (N, 2048), float64
    FID    | `frechet_distance`   | |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))

tr (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is
symmetric. With fewer pictures than features the figure is too large, and only to be compared among
sets of the same size: all columns of a table are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 2  # pictures that have a covariance


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureStatistics:
    """Features of many pictures: count, their sum (D,), sum of their outer products (D, D)."""

    count: int
    total: Array
    outer: Array

    def with_(self, features: NDArray[np.floating]) -> FeatureStatistics:
        """More of them (N, D)."""
        more = features.astype(np.float64)
        return FeatureStatistics(
            count=self.count + len(more),
            total=self.total + more.sum(axis=0),
            outer=self.outer + more.T @ more,
        )

    @property
    def mean(self) -> Array:
        """(D,)"""
        return self.total / self.count

    @property
    def covariance(self) -> Array:
        """(D, D), unbiased."""
        found: Array = self.outer - self.count * np.outer(self.mean, self.mean)
        return found / (self.count - 1)


def feature_statistics(features: NDArray[np.floating]) -> FeatureStatistics:
    """The first ones (N, D)."""
    dimensions = features.shape[1]
    empty = np.zeros((dimensions, dimensions))
    return FeatureStatistics(count=0, total=np.zeros(dimensions), outer=empty).with_(features)


def frechet_distance(one: FeatureStatistics, other: FeatureStatistics) -> float:
    """Their distance; NaN where either has no covariance. Some 20 s for 2048 features."""
    if min(one.count, other.count) < FEWEST:
        return float("nan")
    root = _root(one.covariance)
    product = root @ other.covariance @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    traces = np.trace(one.covariance) + np.trace(other.covariance)
    apart = float(((one.mean - other.mean) ** 2).sum())
    return apart + float(traces - 2 * np.sqrt(np.clip(eigenvalues, 0, None)).sum())


def _root(symmetric: Array) -> Array:
    """The symmetric matrix whose square it is."""
    values, vectors = np.linalg.eigh(symmetric)
    root: Array = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root
