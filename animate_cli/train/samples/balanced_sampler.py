"""A random choice of labelled pictures that is balanced between kinds and people."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from animate_cli.train.samples.samples import Sample


class BalancedSampler:
    """Samples a kind, then a person of that kind, then one of the person's pictures.

    Probabilities: of a kind its share; of a person the square root of their number of pictures.
    shares: by kind; those of absent kinds do not count.
    """

    def __init__(self, samples: list[Sample], shares: Mapping[str, float]) -> None:
        people: dict[str, dict[str, list[Sample]]] = {}
        for sample in samples:
            people.setdefault(sample.kind, {}).setdefault(sample.identity, []).append(sample)
        self._people = [list(people[kind].values()) for kind in sorted(people)]
        weights: NDArray[np.float64] = np.array([shares[kind] for kind in sorted(people)])
        self._weights = weights / weights.sum()

    def __call__(self, rng: np.random.Generator) -> Sample:
        """Everything random comes from `rng`."""
        people = self._people[int(rng.choice(len(self._people), p=self._weights))]
        # between uniform over people (power 0) and uniform over pictures (power 1)
        counts = np.array([len(person) for person in people], np.float64) ** 0.5
        pictures = people[int(rng.choice(len(people), p=counts / counts.sum()))]
        return pictures[int(rng.integers(len(pictures)))]
