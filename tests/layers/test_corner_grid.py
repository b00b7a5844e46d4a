"""The convention that first-order-model's weights have learned with."""

from __future__ import annotations

import itertools

import pytest
import torch

from animate_cli.layers.grid import corner_grid, sample


def test_the_outer_centres_are_at_one() -> None:
    plane = corner_grid(3, 5)
    assert plane.shape == (1, 3, 5, 2)
    assert plane[0, 0, 0].tolist() == [-1, -1]
    assert plane[0, 2, 1].tolist() == [-0.5, 1]
    volume = corner_grid(2, 3, 5)
    assert volume.shape == (1, 2, 3, 5, 3)
    assert volume[0, 1, 0, 3].tolist() == [0.5, -1, 1]


@pytest.mark.parametrize("at", [(-1.0, 0.3, -0.2), (0.5, 0.9, 1.0), (1.2, 0.0, 0.0)])
def test_a_volume_is_read_between_its_neighbours(at: tuple[float, float, float]) -> None:
    volume = torch.randn(1, 1, 3, 4, 5, generator=torch.Generator().manual_seed(2))
    places = [((p + 1) * n - 1) / 2 for p, n in zip(at, (5, 4, 3), strict=True)]  # x, y, z
    expected = 0.0
    for corner in itertools.product((0, 1), repeat=3):
        cell = [int(torch.tensor(p).floor()) + c for p, c in zip(places, corner, strict=True)]
        if all(0 <= c < n for c, n in zip(cell, (5, 4, 3), strict=True)):
            weight = [1 - abs(p - c) for p, c in zip(places, cell, strict=True)]
            x, y, z = cell
            expected += float(volume[0, 0, z, y, x]) * weight[0] * weight[1] * weight[2]
    given = sample(volume, torch.tensor(at).view(1, 1, 1, 1, 3))
    assert float(given) == pytest.approx(expected, abs=1e-5)
