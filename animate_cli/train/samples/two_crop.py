"""Two-crop consistency: points found in two crops of one frame must agree.

Ours: supervision by registration in which the motion is known exactly. A heatmap's cell is four
pixels wide. The error of a point depends on its position within the cell, by 0.5 % of the distance
between the outer eye corners (rms, dev people), which is most of the jitter in a video with little
motion.

    L_crops = mean | A μ' − μ |

    symbol | name            | shape      | here
    μ, μ'  | first, second   | (R, 74, 2) | points found in the two crops, normalised
    A      | second_to_first | (R, 2, 3)  | maps the second crop's pixels to the first's
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
    """How far the second crop may be from the first: shift in pixels of the crop along each axis,
    zoom as the logarithm of the ratio of sides, roll in degrees."""

    shift_px: float = 3.0
    zoom: float = 0.05
    roll_deg: float = 3.0


def second_crop(crop: Crop, jitter: CropJitter, rng: np.random.Generator) -> tuple[Crop, Matrix]:
    """The crop, shifted, resized and rotated at random by `jitter`, and `second_to_first`."""
    middle = (crop.size - 1) / 2
    zoom = np.exp(rng.uniform(-jitter.zoom, jitter.zoom))
    angle = np.deg2rad(rng.uniform(-jitter.roll_deg, jitter.roll_deg))
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    linear = np.array(((c, -s), (s, c)))
    shift = rng.uniform(-jitter.shift_px, jitter.shift_px, 2)
    offset = middle - linear @ np.full(2, middle) + shift
    to_first = np.column_stack((linear, offset))
    return Crop(crop_to_frame=_chain(crop.crop_to_frame, to_first), size=crop.size), to_first


def mirrored(second_to_first: Matrix, size: int) -> Matrix:
    """The map between the crops after both were flipped left to right."""
    flip = np.array(((-1.0, 0.0, size - 1.0), (0.0, 1.0, 0.0)))
    return _chain(_chain(flip, second_to_first), flip)


def crop_disagreement(first: Tensor, second: Tensor, second_to_first: Tensor, size: int) -> Tensor:
    """L_crops of the module's docstring, normalised; crops of `size` pixels."""
    there = points_to_pixel(second, size, size)
    linear, offset = second_to_first[..., :2], second_to_first[..., 2]
    here = (linear[:, None] * there[..., None, :]).sum(dim=-1) + offset[:, None]
    difference = points_to_normalised(here, size, size) - first
    return difference.square().sum(dim=-1).clamp_min(1e-12).sqrt().mean()


def as_tensor(matrices: list[Matrix]) -> Tensor:
    """R maps (2, 3) -> (R, 2, 3) float32."""
    return torch.from_numpy(np.stack(matrices).astype(np.float32))


def _chain(outer: NDArray[np.float64], inner: NDArray[np.float64]) -> Matrix:
    """The affine map `outer` after `inner`, both (2, 3)."""
    moved = outer[:, :2] @ inner
    moved[:, 2] += outer[:, 2]
    return moved
