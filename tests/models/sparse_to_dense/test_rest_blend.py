"""At rest the output is the photo; in motion it is the network's."""

from __future__ import annotations

import pytest
import torch

from animate_cli.layers.grid import identity_grid
from animate_cli.models.sparse_to_dense.rest_blend import FADE_PX, blend_to_rest, motion_weight


def moved(by: float) -> torch.Tensor:
    """One landmark of five moves by so many pixels."""
    points = torch.rand(1, 5, 2, generator=torch.Generator().manual_seed(0))
    driver = points.clone()
    driver[0, 3, 1] += by
    return motion_weight(points, driver)


def test_the_weight_grows_from_nothing_to_all() -> None:
    steps = [moved(by * FADE_PX).item() for by in (0, 0.25, 0.5, 0.75, 1, 3)]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert steps[2] == pytest.approx(0.5, abs=1e-4)
    assert steps[-2:] == pytest.approx([1, 1], abs=1e-4)


def test_at_rest_it_is_the_photo_and_in_motion_the_networks_output() -> None:
    face, image = torch.rand(1, 3, 8, 8), torch.rand(2, 3, 8, 8)
    grid, mask = torch.rand(2, 8, 8, 2), torch.rand(2, 1, 8, 8)
    weight = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1)
    out, where, how = blend_to_rest(face, image, grid, mask, weight)
    assert torch.equal(out[0], face[0])
    assert torch.equal(where[0], identity_grid(8, 8)[0])
    assert how[0].max() == 0
    torch.testing.assert_close(out[1], image[1])
    torch.testing.assert_close(where[1], grid[1])
    assert torch.equal(how[1], mask[1])
