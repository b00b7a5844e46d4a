"""A part is merged and painted only where its region lies, as if it had been everywhere."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.grid import identity_grid, resize_grid, warp
from animate_cli.layers.roi import LandmarkRegion
from animate_cli.models.sparse_to_dense.local_branch import Layers, LocalMotion, merge, overlay

SIDE, PATCH = 40, 12
CENTRES = {
    "inside": ((0.1, -0.2), (0.2, 0.1)),
    "over an edge": ((0.9, -0.95), (-1.0, 0.3)),
    "outside": ((2.0, 0.0), (0.0, -3.0)),
}


def local(centres: tuple[tuple[float, float], ...]) -> LocalMotion:
    rng = torch.Generator().manual_seed(1)
    output_region = LandmarkRegion(torch.tensor(centres), torch.tensor([[0.3], [0.4]]))
    source_region = LandmarkRegion(0.8 * output_region.centre, 1.2 * output_region.half)
    window = F.pad(torch.rand(2, 1, PATCH - 2, PATCH - 2, generator=rng), (1, 1, 1, 1))
    field = torch.cat((torch.randn(2, 2, PATCH, PATCH, generator=rng), window), dim=1)
    colour = torch.randn(2, 3, PATCH, PATCH, generator=rng)
    return LocalMotion(
        source_region=source_region,
        output_region=output_region,
        field=field,
        paint=torch.cat((colour, window / 2, window), dim=1),
    )


def own(region: LandmarkRegion) -> Tensor:
    return region.into(identity_grid(SIDE, SIDE).expand(2, -1, -1, -1))


@pytest.mark.parametrize("where", CENTRES)
@pytest.mark.parametrize("has_prior", [True, False])
def test_merging_in_place_is_merging_everywhere(where: str, has_prior: bool) -> None:
    part, flow = local(CENTRES[where]), torch.randn(2, 2, SIDE, SIDE)
    read = warp(part.field, own(part.output_region))
    moved = read[:, :2] * part.source_region.half[..., None, None]
    if not has_prior:
        absolute = part.source_region.out(own(part.output_region)) - identity_grid(SIDE, SIDE)
        moved = moved + absolute.permute(0, 3, 1, 2)
    everywhere = flow * (1 - read[:, 2:]) + moved * read[:, 2:]
    assert torch.allclose(merge(flow, part, has_prior=has_prior), everywhere, atol=1e-5)


@pytest.mark.parametrize("where", CENTRES)
def test_painting_in_place_is_painting_everywhere(where: str) -> None:
    part = local(CENTRES[where])
    assert part.paint is not None
    below = Layers(*(torch.rand(2, channels, SIDE, SIDE) for channels in (3, 3, 1, 3)))
    kept = Layers(*(layer.clone() for layer in below))
    colour, mask, window = warp(part.paint, own(part.output_region)).split((3, 1, 1), dim=1)
    mine = overlay(below, part)
    painted = below.warped + colour
    assert torch.allclose(mine.image, torch.lerp(below.image, painted, mask), atol=1e-5)
    assert torch.allclose(mine.painted, torch.lerp(below.painted, painted, window), atol=1e-5)
    assert torch.allclose(mine.mask, 1 - (1 - below.mask) * (1 - mask), atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(below, kept, strict=True))


@pytest.mark.parametrize(("height", "width"), [(5, 7), (10, 14), (9, 14), (3, 13)])
def test_shrinking_positions_is_shrinking_the_flow(height: int, width: int) -> None:
    grid = identity_grid(10, 14) + 0.1 * torch.randn(2, 10, 14, 2)
    flow = (grid - identity_grid(10, 14)).permute(0, 3, 1, 2)
    small = F.interpolate(flow, (height, width), mode="bilinear", align_corners=False)
    right = identity_grid(height, width) + small.permute(0, 2, 3, 1)
    assert torch.allclose(resize_grid(grid, height, width), right, atol=1e-6)
