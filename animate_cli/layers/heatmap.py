"""Heatmaps -> points: the differentiable spatial-to-numerical transform (DSNT).

Nibali et al. 2018, *Numerical Coordinate Regression with Convolutional Neural Networks*; used by
Zhao et al. 2021, section 3.3, as the last layer of the landmark network.

    symbol | name         | shape        | here
    Z      | logits       | (B, K, H, W) | argument
    Ẑ      | probability  | (B, K, H, W) | `normalise`
    X, Y   | positions    | (H, W)       | `layers.grid.identity_grid`
    μ      | points       | (B, K, 2)    | `expected_points`, normalised
    Var    | variance     | (B, K)       | `spread`, heatmap cells²

X and Y are the paper's own, X_j = (2j − (W + 1)) / W for j = 1 ... W: -1 and 1 are the edges of the
map, and cells count at their centres, as everywhere here (`layers.grid`).

Departures from the paper: none (of its ways to normalise a heatmap, the softmax).
"""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.layers.grid import identity_grid, points_to_pixel


def normalise(logits: Tensor) -> Tensor:
    """Softmax over space: logits (B, K, H, W) -> probability (B, K, H, W), each map sums to 1."""
    return logits.flatten(2).softmax(dim=-1).view_as(logits)


def expected_points(probability: Tensor) -> Tensor:
    """μ = (Σ Ẑ∘X, Σ Ẑ∘Y): probability (B, K, H, W) -> points (B, K, 2), normalised."""
    height, width = probability.shape[-2:]
    grid = identity_grid(height, width, device=probability.device, dtype=probability.dtype)[0]
    x = (probability.sum(dim=-2) * grid[0, :, 0]).sum(dim=-1)  # no matmul: autocast's is coarse
    y = (probability.sum(dim=-1) * grid[:, 0, 1]).sum(dim=-1)
    return torch.stack((x, y), dim=-1)


def spread(probability: Tensor, points: Tensor) -> Tensor:
    """Mean of the x and y variances about μ, in cells²: (B, K, H, W), (B, K, 2) -> (B, K)."""
    height, width = probability.shape[-2:]
    centre = points_to_pixel(points, height, width)
    x = torch.arange(width, device=probability.device, dtype=probability.dtype)
    y = torch.arange(height, device=probability.device, dtype=probability.dtype)
    var_x = (probability.sum(dim=-2) * (x - centre[..., :1]) ** 2).sum(dim=-1)
    var_y = (probability.sum(dim=-1) * (y - centre[..., 1:]) ** 2).sum(dim=-1)
    return (var_x + var_y) / 2


def confidence(probability: Tensor, points: Tensor, *, half_cells: float, slope: float) -> Tensor:
    """A logistic curve over each heatmap's standard deviation in cells: 0.5 at `half_cells`.

    probability (B, K, H, W), points (B, K, 2) normalised -> (B, K) in [0, 1]
    """
    return torch.sigmoid(slope * (half_cells - spread(probability, points).sqrt()))


def gaussian(points: Tensor, height: int, width: int, *, sigma_cells: float) -> Tensor:
    """Target maps: normal density about points (B, K, 2), normalised -> (B, K, H, W), sums 1."""
    centre = points_to_pixel(points, height, width)
    x = torch.arange(width, device=points.device, dtype=points.dtype)
    y = torch.arange(height, device=points.device, dtype=points.dtype)
    across = torch.exp(-((x - centre[..., :1]) ** 2) / (2 * sigma_cells**2))  # (B, K, W)
    down = torch.exp(-((y - centre[..., 1:]) ** 2) / (2 * sigma_cells**2))  # (B, K, H)
    density = down[..., :, None] * across[..., None, :]
    return density / density.sum(dim=(-2, -1), keepdim=True).clamp_min(1e-12)
