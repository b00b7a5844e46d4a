"""A random choice of part samples that takes rare shapes more often than they occur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from animate_cli.train.samples.part_samples import PartSample

FLATTENED = 0.4
"""A bin's weight within its kind is its count to this power: 1 draws as often as in life, 0 all
bins alike."""


class RareSampler:
    """Kinds by their share, then bins of rarity, then people, then pictures.

    shares: by kind; those of absent kinds do not count.
    """

    def __init__(self, samples: Sequence[PartSample], shares: Mapping[str, float]) -> None:
        bins: dict[tuple[str, int], dict[str, list[PartSample]]] = {}
        for sample in samples:
            people = bins.setdefault((sample.kind, sample.rarity), {})
            people.setdefault(sample.identity, []).append(sample)
        counts = {key: sum(map(len, people.values())) ** FLATTENED for key, people in bins.items()}
        totals = {kind: sum(c for key, c in counts.items() if key[0] == kind) for kind, _ in counts}
        self._bins = [list(people.values()) for people in bins.values()]
        weights = np.array([shares[key[0]] * counts[key] / totals[key[0]] for key in bins])
        self._weights = weights / weights.sum()
        self._people = [_balanced(people) for people in self._bins]

    def __call__(self, rng: np.random.Generator) -> PartSample:
        """Everything random comes from `rng`."""
        number = int(rng.choice(len(self._bins), p=self._weights))
        people = self._bins[number]
        pictures = people[int(rng.choice(len(people), p=self._people[number]))]
        return pictures[int(rng.integers(len(pictures)))]


def _balanced(people: Sequence[Sequence[PartSample]]) -> np.ndarray:
    """Probabilities by the square root of how many pictures each person has."""
    counts = np.array([len(person) for person in people], np.float64) ** 0.5
    return np.asarray(counts / counts.sum())
