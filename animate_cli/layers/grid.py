"""Image-plane coordinates: the one normalised convention, and the only calls to `grid_sample`.

axes       (x, y): x right, y down
pixel      integer pixel centres: the first pixel's centre is 0, the last one's W - 1
extent     normalised -1 and 1 are the image's outer edges; pixel i's centre is (2i + 1) / W - 1
grid       absolute positions (B, H, W, 2);  flow = grid - identity_grid
direction  backward: a grid lives in the output and points into the source
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def identity_grid(
    height: int,
    width: int,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Every output pixel points at itself. -> (1, H, W, 2), normalised."""
    y = pixel_to_normalised(torch.arange(height, device=device, dtype=dtype), height)
    x = pixel_to_normalised(torch.arange(width, device=device, dtype=dtype), width)
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    return torch.stack((columns, rows), dim=-1)[None]


def pixel_to_normalised(pixel: Tensor, extent: int) -> Tensor:
    """One coordinate in pixels -> normalised; `extent` is the image's width (x) or height (y)."""
    return (2 * pixel + 1) / extent - 1


def normalised_to_pixel(normalised: Tensor, extent: int) -> Tensor:
    """One normalised coordinate -> pixels; `extent` is the image's width (x) or height (y)."""
    return ((normalised + 1) * extent - 1) / 2


def points_to_normalised(points_px: Tensor, height: int, width: int) -> Tensor:
    """Points (..., 2) in pixels -> normalised."""
    extent = points_px.new_tensor((width, height))
    return (2 * points_px + 1) / extent - 1


def points_to_pixel(points: Tensor, height: int, width: int) -> Tensor:
    """Normalised points (..., 2) -> pixels."""
    extent = points.new_tensor((width, height))
    return ((points + 1) * extent - 1) / 2


def warp(features: Tensor, grid: Tensor) -> Tensor:
    """out[y, x] = features[grid[y, x]], bilinear, edges repeated.

    features (B, C, H, W), grid (B, h, w, 2) normalised -> (B, C, h, w)
    """
    return F.grid_sample(features, grid, padding_mode="border", align_corners=False)


def warp_maps(features: Tensor, grid: Tensor) -> Tensor:
    """`warp`, for maps of many channels. On a CPU without gradients the result has the memory
    format channels last, which is the fastest one for convolutions there.

    features (B, C, H, W), or one picture's, expanded; grid (B, h, w, 2) normalised and finite ->
    (B, C, h, w)
    """
    if torch.is_grad_enabled() or features.device.type != "cpu":
        return warp(features, grid)
    count, (channels, height, width) = len(grid), features.shape[1:]
    x, y = (
        normalised_to_pixel(places, extent).clamp(0, extent - 1)
        for places, extent in zip(grid.unbind(dim=-1), (width, height), strict=True)
    )
    left, top = x.floor(), y.floor()
    first = (top * width + left).long()
    right, down = (left < width - 1).long(), width * (top < height - 1).long()
    corners = torch.stack((first, first + right, first + down, first + right + down), dim=-1)
    is_same = features.stride(0) == 0  # one picture for all
    if not is_same:
        corners += (height * width * torch.arange(count)).view(-1, 1, 1, 1)
    rows = (features[:1] if is_same else features).permute(0, 2, 3, 1).reshape(-1, channels)
    u, v = x - left, y - top
    shares = torch.stack(((1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v), dim=-1)
    found = F.embedding_bag(
        corners.view(-1, 4), rows, per_sample_weights=shares.view(-1, 4).to(rows.dtype), mode="sum"
    )
    return found.view(*grid.shape[:3], channels).permute(0, 3, 1, 2)


def warp_sharply(picture: Tensor, grid: Tensor) -> Tensor:
    """`warp`, bicubic: pictures (B, 3, H, W) in [0, 1] keep more of their detail."""
    warped = F.grid_sample(
        picture, grid, mode="bicubic", padding_mode="border", align_corners=False
    )
    return warped.clamp(0, 1)


def resize_grid(grid: Tensor, height: int, width: int) -> Tensor:
    """A grid at another resolution: the flow is resized, so an identity grid stays the identity.

    grid (B, h, w, 2) -> (B, height, width, 2)

    Where both sides shrink, no edge is repeated and the positions themselves can be resized.
    """
    if height <= grid.shape[1] and width <= grid.shape[2]:
        positions = grid.permute(0, 3, 1, 2)  # (B, 2, h, w)
        small = F.interpolate(positions, (height, width), mode="bilinear", align_corners=False)
        return small.permute(0, 2, 3, 1)
    here = identity_grid(grid.shape[1], grid.shape[2], device=grid.device, dtype=grid.dtype)
    there = identity_grid(height, width, device=grid.device, dtype=grid.dtype)
    flow = (grid - here).permute(0, 3, 1, 2)  # (B, 2, h, w)
    flow = F.interpolate(flow, (height, width), mode="bilinear", align_corners=False)
    return there + flow.permute(0, 2, 3, 1)


def corner_grid(*sizes: int, device: torch.device | str = "cpu") -> Tensor:
    """The identity grid of the first-order model and of models derived from it.

    -1 and 1 are the *centres* of the outer pixels, although `sample` reads them as edges; the
    published weights were trained with this inconsistency.
    sizes: (H, W) -> (1, H, W, 2), or (D, H, W) -> (1, D, H, W, 3); axes (x, y) or (x, y, z).
    """
    axes = [torch.linspace(-1, 1, size, device=device) for size in sizes]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], dim=-1)[None]


def sample(features: Tensor, grid: Tensor) -> Tensor:
    """out[y, x] = features[grid[y, x]], linear along every axis, zero outside the edges.

    features (B, C, H, W), grid (B, h, w, 2) normalised -> (B, C, h, w); in volumes
    features (B, C, D, H, W), grid (B, d, h, w, 3) -> (B, C, d, h, w)
    """
    if features.dim() == 5 and features.device.type == "mps":  # which has no sampling of volumes
        return sample(features.cpu(), grid.cpu()).to(features.device)
    return F.grid_sample(features, grid, padding_mode="zeros", align_corners=False)
