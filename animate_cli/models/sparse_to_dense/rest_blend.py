"""Blending to rest: where nothing moves, the output is the photo itself.

Ours, after eq. 2 of Zhao et al. 2021. A trained network gives a face at rest back almost, but not
exactly; without the blend the first frame of a relative motion and every pause would be a little
softer than the photo.

    symbol | name   | shape           | equation
    S      | face   | (1 or B, 3, S, S) | source picture
    T      | image  | (B, 3, S, S)    | eq. 2
    F      | grid   | (B, S, S, 2)    | eq. 3
    M      | mask   | (B, 1, S, S)    | eq. 2
    k      | weight | (B, 1, 1, 1)    | `motion_weight`: smooth, 0 at rest, 1 from `FADE_PX` on
    T'     | image  | (B, 3, S, S)    | S + k (T − S)
    F'     | grid   | (B, S, S, 2)    | identity + k (F − identity)
    M'     | mask   | (B, 1, S, S)    | k M

Departures from the paper: all of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.layers.grid import identity_grid, points_to_pixel
from animate_cli.layers.smoothstep import smooth_step

FADE_PX = 1.0  # of a landmark, in face pixels


def motion_weight(source_px: Tensor, driver_px: Tensor, prior: Tensor | None = None) -> Tensor:
    """0 where neither landmarks (B, K, 2) nor the prior grid (B, S, S, 2) move, 1 from `FADE_PX`
    on: (B, 1, 1, 1)."""
    weight = _points_weight(source_px, driver_px)
    if prior is None or bool((weight == 1).all()):
        return weight
    size = prior.shape[1]
    identity = identity_grid(size, size, device=prior.device, dtype=prior.dtype)
    moved, still = (points_to_pixel(grid.flatten(1, 2), size, size) for grid in (prior, identity))
    return torch.maximum(weight, _points_weight(still, moved))


def _points_weight(source_px: Tensor, driver_px: Tensor) -> Tensor:
    """By the point that moves farthest: (B, K, 2) twice -> (B, 1, 1, 1)."""
    farthest = (driver_px - source_px).square().sum(dim=-1).amax(dim=-1).sqrt()
    return smooth_step(farthest / FADE_PX).view(-1, 1, 1, 1)


def blend_to_rest(
    face: Tensor, image: Tensor, grid: Tensor, mask: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Image (B, 3, S, S), grid (B, S, S, 2) and mask (B, 1, S, S) of a face (1 or B, 3, S, S)."""
    if bool((weight == 1).all()):
        return image, grid, mask
    size = image.shape[-1]
    identity = identity_grid(size, size, device=grid.device, dtype=grid.dtype)
    return (
        torch.lerp(face.expand_as(image), image, weight),
        torch.lerp(identity.expand_as(grid), grid, weight),
        mask * weight,
    )
