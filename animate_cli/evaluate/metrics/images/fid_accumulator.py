"""FID over all clips: the drivers' frames against every candidate's outputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.metrics.images.fid import (
    Array,
    FeatureStatistics,
    feature_statistics,
    frechet_distance,
)


class FidAccumulator:
    """Keeps sums over features; neither images nor features."""

    def __init__(self, candidates: int) -> None:
        self._candidates = candidates
        self._sets: list[FeatureStatistics] = []

    def add(self, features: NDArray[np.floating]) -> None:
        """Add the features of one clip pair: (1 + candidates, T, D), the driver's first; T may be
        0."""
        if not features.size:
            return
        if self._sets:
            columns = zip(self._sets, features, strict=True)
            self._sets = [known.with_(more) for known, more in columns]
        else:
            self._sets = [feature_statistics(more) for more in features]

    def distances(self) -> Array:
        """FID of each candidate: (candidates,), NaN where no features were added."""
        if not self._sets:
            return np.full(self._candidates, np.nan)
        drivers, *outputs = self._sets
        return np.array([frechet_distance(drivers, one) for one in outputs])
