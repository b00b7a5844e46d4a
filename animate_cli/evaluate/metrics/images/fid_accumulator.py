"""Metrics of all takes' pictures together: the drivers' frames, and what every entrant made."""

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
    """Sums over pictures; never the pictures, nor their features."""

    def __init__(self, entrants: int) -> None:
        self._entrants = entrants
        self._sets: list[FeatureStatistics] = []

    def add(self, features: NDArray[np.floating]) -> None:
        """Of one take's frames: (1 + entrants, T, D), the driver's first; T may be 0."""
        if not features.size:
            return
        if self._sets:
            pairs = zip(self._sets, features, strict=True)
            self._sets = [known.with_(more) for known, more in pairs]
        else:
            self._sets = [feature_statistics(more) for more in features]

    def distances(self) -> Array:
        """From the drivers' frames to each entrant's: (entrants,), NaN where nobody looked."""
        if not self._sets:
            return np.full(self._entrants, np.nan)
        real, *made = self._sets
        return np.array([frechet_distance(real, one) for one in made])
