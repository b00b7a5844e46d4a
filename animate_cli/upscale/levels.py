"""The photo's face square at several resolutions, from the rendered face's size to full size.

    symbol | name                 | shape           | here
    I      | full-resolution face | (N, N, 3) uint8 | the last level
    i      | low-resolution face  | (S, S, 3) uint8 | the first level, block average of I

Vanilla (Yi et al. 2020, fig. 2) has no level between; multi-scale (fig. 3) halves N until S is
reached, so that every enlargement but the first is twofold. Levels are rounded to 8 bits before
residuals are taken: a residual then carries the rounding too, and ↑i + (I - ↑i) is I.

Departures from the paper: N may be any size, not only a multiple of S; if
N is below S, I is enlarged to i.
"""

from __future__ import annotations

import cv2
import numpy as np

from animate_cli.options import ResWarp
from animate_cli.records import Image

MIN_SIZE = 16


def levels(square: Image, face_size: int, mode: ResWarp) -> tuple[Image, ...]:
    """The levels of a square I (N, N, 3) uint8, N >= 16, from i to I."""
    if square.ndim != 3 or square.shape[0] != square.shape[1] or len(square) < MIN_SIZE:
        raise ValueError(f"not a square of at least {MIN_SIZE} pixels: {square.shape}")
    sizes = level_sizes(len(square), face_size, mode)[:-1]
    return (*(shrink(square, size) for size in sizes), square)


def level_sizes(size: int, face_size: int, mode: ResWarp) -> tuple[int, ...]:
    """The sides of the levels in pixels, from `face_size` to `size`."""
    sizes = [size]
    while mode is ResWarp.MULTISCALE and sizes[0] > 2 * face_size:
        sizes.insert(0, (sizes[0] + 1) // 2)
    return (face_size, *sizes)


def shrink(square: Image, size: int) -> Image:
    """i: resize a square (N, N, 3) by block averages, or bilinearly if it is enlarged."""
    method = cv2.INTER_AREA if size < len(square) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=method), np.uint8)
