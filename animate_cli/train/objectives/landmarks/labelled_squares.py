"""Labelled squares as the tensors of a batch, and the fixed batch that scores a training."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.layers.grid import points_to_normalised
from animate_cli.records import Image
from animate_cli.train.objective import Batch
from animate_cli.train.samples import negatives
from animate_cli.train.samples.augment import AugmentConfig, jitter
from animate_cli.train.samples.samples import Sample

DEV_SQUARES = 512  # most pictures of one evaluation
DEV_JITTER = AugmentConfig(roll_deg=10, shift=0.05, zoom=0.1, stretch=0.0)


def dev_batch(samples: list[Sample], size: int) -> Batch:
    """A fixed batch: jittered faces, and a quarter as many squares without one."""
    rng = np.random.default_rng(0)
    chosen = [samples[int(i)] for i in rng.permutation(len(samples))[:DEV_SQUARES]]
    pairs = [jitter(s.pixels(), s.points, size, DEV_JITTER, rng) for s in chosen]
    squares, points = [p[0] for p in pairs], [p[1] for p in pairs]
    for sample in chosen[: max(len(chosen) // 4, 1)]:
        pixels = sample.pixels()
        crops = negatives.hard_negatives(pixels, sample.points)
        found = crops[0] if crops else negatives.random_negative(pixels, sample.points, rng)
        squares.append(
            negatives.cut_negative(pixels, found, size)
            if found
            else negatives.flat_or_noisy(size, rng)
        )
        points.append(np.zeros_like(sample.points))
    is_face = np.arange(len(squares)) < len(chosen)
    return as_batch(np.stack(squares), np.stack(points), is_face, size)


def as_batch(
    squares: Image, points: NDArray[np.float32], is_face: NDArray[np.bool_], size: int
) -> Batch:
    """Squares (B, S, S, 3) and their points (B, 74, 2) px, NaN where unlabelled, as tensors.

    -> images (B, 3, S, S) in [0, 1], points normalised, known (B, 74), is_face (B,)
    """
    images = torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
    known = np.isfinite(points).all(axis=-1) & is_face[:, None]
    target = points_to_normalised(torch.from_numpy(np.nan_to_num(points)), size, size)
    return {
        "images": images,
        "points": target,
        "known": torch.from_numpy(known),
        "is_face": torch.from_numpy(is_face),
    }
