"""One frame seen through two squares: a face's points must not depend on where its pixels fall.

Ours; the thought of supervision by registration, with a motion that is known exactly. A heatmap's
cell is four pixels wide, and as a face glides through it its points sway: by 0.5 % of the distance
between the outer eye corners (rms, dev people), most of what trembles in a quiet video.

    apart = mean | A μ' - μ |

    symbol | name           | shape      | here
    μ, μ'  | points, twins  | (R, 74, 2) | found in a square and in its twin, normalised
    A      | twin_to_square | (R, 2, 3)  | maps the twin's pixels to the square's
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.layers.grid import points_to_normalised, points_to_pixel
from animate_cli.records import Crop, Matrix


@dataclass(frozen=True, kw_only=True)
class CropJitter:
    """How far a twin may be from its square: shift in pixels of the square along each axis, zoom
    as the logarithm of its side's share, roll in degrees."""

    shift_px: float = 3.0
    zoom: float = 0.05
    roll_deg: float = 3.0


def second_crop(crop: Crop, jolt: CropJitter, rng: np.random.Generator) -> tuple[Crop, Matrix]:
    """A square moved, resized and turned a little about its middle, and `twin_to_square`."""
    middle = (crop.size - 1) / 2
    zoom = np.exp(rng.uniform(-jolt.zoom, jolt.zoom))
    angle = np.deg2rad(rng.uniform(-jolt.roll_deg, jolt.roll_deg))
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array(((c, -s), (s, c)))
    shift = rng.uniform(-jolt.shift_px, jolt.shift_px, 2)
    offset = middle - linear @ np.full(2, middle) + shift
    to_square = np.column_stack((linear, offset))
    return Crop(crop_to_frame=_chain(crop.crop_to_frame, to_square), size=crop.size), to_square


def mirrored(to_square: Matrix, size: int) -> Matrix:
    """The same between a square and a twin that were both flipped left to right."""
    flip = np.array(((-1.0, 0.0, size - 1.0), (0.0, 1.0, 0.0)))
    return _chain(_chain(flip, to_square), flip)


def crop_disagreement(points: Tensor, twins: Tensor, twin_to_square: Tensor, size: int) -> Tensor:
    """Mean distance of the module's docstring, normalised; squares of `size` pixels."""
    there = points_to_pixel(twins, size, size)
    linear, offset = twin_to_square[..., :2], twin_to_square[..., 2]
    here = (linear[:, None] * there[..., None, :]).sum(dim=-1) + offset[:, None]
    difference = points_to_normalised(here, size, size) - points
    return difference.square().sum(dim=-1).clamp_min(1e-12).sqrt().mean()


def as_tensor(matrices: list[Matrix]) -> Tensor:
    """Maps of R twins -> (R, 2, 3) float32."""
    return torch.from_numpy(np.stack(matrices).astype(np.float32))


def _chain(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> Matrix:
    """outer after inner, both (2, 3)."""
    moved = outer[:, :2] @ inner
    moved[:, 2] += outer[:, 2]
    return moved
