"""Pairs of frames as the tensors of a batch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from animate_cli.layers.grid import pixel_to_normalised, points_to_normalised
from animate_cli.layers.roi import landmark_region
from animate_cli.models.sparse_to_dense.model import PARTS
from animate_cli.train.objective import Batch
from animate_cli.train.samples.pairs import ClipFrames, Pair, unaugmented

DEV_PAIRS = 96  # most pairs of one evaluation, over all dev clips


def stack_pairs(pairs: list[Pair]) -> Batch:
    """Pictures (B, 3, S, S) uint8, landmarks (B, 74, 2) px, part maps (B, S, S) or (B, 0, 0), body
    (B, 26, 2), under the names of the fields of a pair."""
    columns = [torch.from_numpy(np.stack(column)) for column in zip(*pairs, strict=True)]
    batch = dict(zip(Pair._fields, columns, strict=True))
    return batch | {key: batch[key].permute(0, 3, 1, 2) for key in ("source", "driver")}


def dev_batch(clips: list[ClipFrames], size: int, *, with_body: bool) -> Batch:
    """First frames as sources, later ones as drivers, evenly over clips and time."""
    each = max(1, DEV_PAIRS // len(clips))
    pairs = [
        unaugmented(clip, 0, int(index), size, with_body=with_body)
        for clip in clips
        for index in np.linspace(0, len(clip.jpegs) - 1, each + 1)[1:]
    ]
    return stack_pairs(pairs[:: max(1, len(pairs) // DEV_PAIRS)])


def picture(pixels: Tensor) -> Tensor:
    """(B, 3, S, S) uint8 -> float32 in [0, 1], channels last."""
    return pixels.float().div(255).contiguous(memory_format=torch.channels_last)


def part_weights(landmarks_px: Tensor, size: int, gain: float) -> Tensor:
    """1 everywhere, 1 + gain about eyes and mouth: (B, 74, 2) px -> (B, 1, S, S)."""
    points = points_to_normalised(landmarks_px, size, size)
    pixels = torch.arange(size, device=points.device, dtype=points.dtype)
    axis = pixel_to_normalised(pixels, size)
    weights = points.new_ones(len(points), size, size)
    for part in PARTS:
        region = landmark_region(points[:, part.landmarks], part.margin)
        u = (axis - region.centre[..., None]) / region.half[..., None]  # (B, 2, S)
        inside = (2.5 * (1 - u.abs())).clamp(0, 1)
        weights = torch.maximum(weights, 1 + gain * inside[:, 0, None] * inside[:, 1, :, None])
    return weights[:, None]
