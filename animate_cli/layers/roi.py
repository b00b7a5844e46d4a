"""Square regions around groups of landmarks, and the maps between them and the whole face.

Convention: centre (B, 2) and half (B, 1) are normalised whole-face coordinates; a region's own
coordinates u run from -1 to 1 across it: p = centre + half · u.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from animate_cli.layers.grid import identity_grid, warp


class LandmarkRegion(NamedTuple):
    """Where a square lies in the whole face."""

    centre: Tensor
    half: Tensor

    def into(self, points: Tensor) -> Tensor:
        """Whole-face points (B, ..., 2) -> the region's own coordinates."""
        shape = (len(self.centre), *[1] * (points.dim() - 2), -1)
        return (points - self.centre.view(shape)) / self.half.view(shape)

    def out(self, points: Tensor) -> Tensor:
        """The region's own coordinates (B, ..., 2) -> whole-face points."""
        shape = (len(self.centre), *[1] * (points.dim() - 2), -1)
        return self.centre.view(shape) + self.half.view(shape) * points

    def cut(self, picture: Tensor, size: int) -> Tensor:
        """The region of a picture: (B, C, H, W) -> (B, C, size, size)."""
        own = identity_grid(size, size, device=picture.device, dtype=picture.dtype)
        return warp(picture, self.out(own.expand(len(picture), -1, -1, -1)))


def landmark_region(points: Tensor, margin: float) -> LandmarkRegion:
    """The square about points (B, K, 2), `margin` times as wide as their box is long."""
    low, high = points.amin(dim=1), points.amax(dim=1)
    half = (high - low).amax(dim=1, keepdim=True) * (margin / 2)
    return LandmarkRegion((low + high) / 2, half.clamp_min(1e-3))
