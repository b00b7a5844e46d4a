"""Laws of the spatial-to-numerical transform."""

from __future__ import annotations

import pytest
import torch

from animate_cli.layers.grid import points_to_normalised, points_to_pixel
from animate_cli.layers.heatmap import expected_points, gaussian, normalise, spread


def test_each_map_sums_to_one() -> None:
    maps = normalise(torch.randn(2, 3, 5, 7) * 10)
    torch.testing.assert_close(maps.sum(dim=(2, 3)), torch.ones(2, 3))


@pytest.mark.parametrize("sigma", [0.8, 1.5])
def test_a_gaussian_gives_its_centre(sigma: float) -> None:
    centre_px = torch.tensor([[[20.3, 11.8], [15.0, 14.5]]])
    centre = points_to_normalised(centre_px, 32, 40)
    found = expected_points(gaussian(centre, 32, 40, sigma_cells=sigma))
    torch.testing.assert_close(points_to_pixel(found, 32, 40), centre_px, atol=1e-2, rtol=0)


def test_spread_is_the_gaussians_variance() -> None:
    centre = points_to_normalised(torch.tensor([[[20.0, 16.0]]]), 32, 40)
    maps = gaussian(centre, 32, 40, sigma_cells=2.0)
    torch.testing.assert_close(spread(maps, centre), torch.tensor([[4.0]]), atol=1e-2, rtol=0)


def test_a_single_cell_is_its_own_centre() -> None:
    maps = torch.zeros(1, 1, 6, 9)
    maps[0, 0, 4, 7] = 1
    found = points_to_pixel(expected_points(maps), 6, 9)
    torch.testing.assert_close(found, torch.tensor([[[7.0, 4.0]]]))


def test_reduced_precision_around_it_does_not_reach_the_points() -> None:
    """bf16 has 8 bits: at 64 cells a point would be off by a quarter of a cell."""
    maps = normalise(torch.randn(2, 3, 16, 20) * 4)
    exact = expected_points(maps)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = expected_points(maps)
    assert inside.dtype == torch.float32
    torch.testing.assert_close(inside, exact)


def test_mirrored_maps_give_mirrored_points() -> None:
    maps = normalise(torch.randn(1, 4, 5, 8, dtype=torch.float64))
    mirrored = expected_points(maps.flip(-1))
    expected = expected_points(maps) * torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(mirrored, expected)


def test_gradients() -> None:
    logits = torch.randn(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: expected_points(normalise(z)), (logits,))
    points = torch.rand(1, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: gaussian(p, 4, 5, sigma_cells=1.0), (points,))
