"""FID, Fréchet inception distance (Heusel et al. 2017), between two sets of images.

    symbol | name                | formula
    m, C   | `FeatureStatistics` | mean and covariance of Inception features (N, 2048), float64
    FID    | `frechet_distance`  | |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))

tr (C1 C2)^(1/2) is the sum of the square roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is
symmetric. With fewer images than features the value is too large, and comparable only between sets
of the same size. All columns of a table have the same size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MIN_IMAGES = 2  # for a covariance


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureStatistics:
    """Sums over features of many images: their count, sum (D,), sum of outer products (D, D)."""

    count: int
    total: Array
    outer: Array

    def with_(self, features: NDArray[np.floating]) -> FeatureStatistics:
        """These statistics with more features (N, D)."""
        more = features.astype(np.float64)
        return FeatureStatistics(
            count=self.count + len(more),
            total=self.total + more.sum(axis=0),
            outer=self.outer + more.T @ more,
        )

    @property
    def mean(self) -> Array:
        """Of the features: (D,)."""
        return self.total / self.count

    @property
    def covariance(self) -> Array:
        """Of the features, unbiased: (D, D)."""
        found: Array = self.outer - self.count * np.outer(self.mean, self.mean)
        return found / (self.count - 1)


def feature_statistics(features: NDArray[np.floating]) -> FeatureStatistics:
    """Statistics of features (N, D)."""
    dimensions = features.shape[1]
    empty = np.zeros((dimensions, dimensions))
    return FeatureStatistics(count=0, total=np.zeros(dimensions), outer=empty).with_(features)


def frechet_distance(one: FeatureStatistics, other: FeatureStatistics) -> float:
    """FID of two sets; NaN where either has no covariance. It takes some 20 s for 2048 features."""
    if min(one.count, other.count) < MIN_IMAGES:
        return float("nan")
    root = _root(one.covariance)
    product = root @ other.covariance @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    traces = np.trace(one.covariance) + np.trace(other.covariance)
    apart = float(((one.mean - other.mean) ** 2).sum())
    return apart + float(traces - 2 * np.sqrt(np.clip(eigenvalues, 0, None)).sum())


def _root(symmetric: Array) -> Array:
    """The symmetric square root of a symmetric matrix (D, D)."""
    values, vectors = np.linalg.eigh(symmetric)
    root: Array = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    return root
