"""Dense search finds the motion that the prior has left out."""

import torch

from animate_cli.layers.grid import identity_grid, warp
from animate_cli.train.objectives.sparse_to_dense.flow_guide import guide_grid

SIZE = 128


def _picture(seed: int) -> torch.Tensor:
    """Smooth random texture, (1, 3, S, S)."""
    coarse = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (SIZE, SIZE), mode="bicubic").clamp(0, 1)


def _shifted(grid: torch.Tensor, x_px: float) -> torch.Tensor:
    return grid + torch.tensor((x_px * 2 / SIZE, 0.0))


def test_what_the_prior_leaves_out_is_found() -> None:
    source, still = _picture(0), identity_grid(SIZE, SIZE)
    true = _shifted(still, 6.0)
    prior = _shifted(still, 2.0)
    guide = guide_grid(source, warp(source, true), prior)
    inner = slice(16, -16)
    error_px = (guide - true)[:, inner, inner].abs().mean() * SIZE / 2
    assert error_px < 0.3  # 2 px in the mean, were nothing found


def test_frames_alike_keep_the_prior() -> None:
    source = _picture(1)
    prior = _shifted(identity_grid(SIZE, SIZE), 3.0)
    guide = guide_grid(source, warp(source, prior), prior)
    assert torch.allclose(guide, prior, atol=0.1 * 2 / SIZE)


def test_each_pair_for_itself() -> None:
    still = identity_grid(SIZE, SIZE).expand(2, -1, -1, -1)
    sources = torch.cat((_picture(2), _picture(3)))
    drivers = warp(sources, torch.cat((_shifted(still[:1], 4.0), _shifted(still[:1], -3.0))))
    both = guide_grid(sources, drivers, still)
    alone = guide_grid(sources[1:], drivers[1:], still[1:])
    assert torch.equal(both[1:], alone)
