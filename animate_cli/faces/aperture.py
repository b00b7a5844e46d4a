"""How far eyes and lips are open: the one measure, for arrays and for tensors.

    gap       distance between two facing points, an upper and a lower one; where the direction
              "down" is given, how far the lower point lies below the upper one along it, which is
              negative where lids or lips cross
    aperture  mean gap of an eye or a mouth / a length of the same face, the unit

Users differ in pairs of points and in unit, so both are arguments:

    user                             | pairs                   | unit
    blinks, choice of the anchor     | three of each eye       | `face_radius`
    gaze rays, lid loss, LivePortrait| middle of the lids      | width of that eye
    LivePortrait, lips               | middle of the lips      | width of the mouth
    evaluation                       | without points 68 to 71 | distance of the outer eye corners
    sampling of training pairs       | `FACING_LIPS`           | distance of the outer eye corners
    retargeting, mouth interior      | signed gaps             | width of that eye or mouth
"""

from __future__ import annotations

from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.faces.points import FACING_LEFT_LIDS, FACING_RIGHT_LIDS, RIGID

LEAST_UNIT = 1e-6  # a shorter unit counts as this long
BLOCK = 512  # frames that `eye_apertures` measures at a time

Array = NDArray[np.floating[Any]]
Pairs = tuple[tuple[int, int], ...]
"""Indices of an upper and a lower point each, as `points.FACING_LIDS`."""


@overload
def gaps(points: Tensor, pairs: Pairs, *, down: Tensor | None = None) -> Tensor: ...
@overload
def gaps(points: Array, pairs: Pairs, *, dtype: type[np.float64] | None = None) -> Array: ...
def gaps(
    points: Tensor | Array,
    pairs: Pairs,
    *,
    down: Tensor | None = None,
    dtype: type[np.float64] | None = None,
) -> Tensor | Array:
    """Distance from the upper to the lower point of each pair, in the unit of the points.

    points (..., K, 2) -> (..., pairs), differentiable for tensors.
    down: unit vectors that broadcast with (..., pairs, 2); gaps are then signed lengths along them.
    dtype: in which an array's lengths are computed, that of the points unless given.
    """
    upper, lower = (list(side) for side in zip(*pairs, strict=True))
    apart = points[..., lower, :] - points[..., upper, :]
    if isinstance(apart, Tensor):
        signed = None if down is None else (apart * down).sum(dim=-1)
        return torch.linalg.vector_norm(apart, dim=-1) if signed is None else signed
    return np.asarray(np.linalg.norm(apart.astype(dtype or apart.dtype), axis=-1))


@overload
def aperture(points: Tensor, pairs: Pairs, *, unit: Tensor) -> Tensor: ...
@overload
def aperture(
    points: Array, pairs: Pairs, *, unit: Array, dtype: type[np.float64] | None = None
) -> Array: ...
def aperture(
    points: Tensor | Array,
    pairs: Pairs,
    *,
    unit: Tensor | Array,
    dtype: type[np.float64] | None = None,
) -> Tensor | Array:
    """Mean gap of the pairs, in units of a length: points (..., K, 2), unit (...) -> (...).

    dtype: as in `gaps`.
    """
    if isinstance(points, Tensor):
        assert isinstance(unit, Tensor)
        return gaps(points, pairs).mean(dim=-1) / unit.clamp_min(LEAST_UNIT)
    apart = gaps(points, pairs, dtype=dtype).mean(axis=-1)
    return np.asarray(apart / np.maximum(unit, LEAST_UNIT))


@overload
def distance(points: Tensor, ends: tuple[int, int]) -> Tensor: ...
@overload
def distance(points: Array, ends: tuple[int, int]) -> Array: ...
def distance(points: Tensor | Array, ends: tuple[int, int]) -> Tensor | Array:
    """Between two points, as the corners of an eye: (..., K, 2) -> (...)."""
    if isinstance(points, Tensor):
        return gaps(points, (ends,))[..., 0]
    return np.asarray(gaps(points, (ends,))[..., 0])


def face_radius(points: Array) -> NDArray[np.float64]:
    """Root mean square distance of the rigid points from their mean: (..., 74, 2) -> (...).

    Expression and roll do not change it, yaw and pitch little.
    """
    rigid = points[..., list(RIGID), :].astype(np.float64)
    spread = np.square(rigid - rigid.mean(axis=-2, keepdims=True)).sum(axis=-1).mean(axis=-1)
    return np.asarray(np.sqrt(spread))


def eye_apertures(landmarks: Array) -> NDArray[np.float64]:
    """Of the right and the left eye, in units of `face_radius`: (T, 74, 2) -> (T, 2).

    Frames are measured `BLOCK` at a time, which bounds the memory that a long clip takes.
    """
    starts = range(0, len(landmarks), BLOCK)
    measured = [_eye_apertures(landmarks[start : start + BLOCK]) for start in starts]
    return np.concatenate(measured or [np.zeros((0, 2))])


def _eye_apertures(landmarks: Array) -> NDArray[np.float64]:
    unit = face_radius(landmarks)
    eyes = (FACING_RIGHT_LIDS, FACING_LEFT_LIDS)
    return np.stack([aperture(landmarks, pairs, unit=unit) for pairs in eyes], axis=1)
