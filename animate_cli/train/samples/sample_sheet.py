"""Sample sheets: training squares with their points, in a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from animate_cli.layers.grid import points_to_pixel
from animate_cli.records import Image, Points
from animate_cli.train.objective import Batch

COLUMNS = 8
TILE_PX = 192
LABEL_RGB, FOUND_RGB = (60, 230, 90), (255, 70, 60)
_SHIFT = 4  # of cv2's fixed-point coordinates: sixteenths of a pixel


@dataclass(frozen=True, kw_only=True, eq=False)
class Tile:
    """A square (S, S, 3) RGB; labelled and found points (K, 2) in its pixels, NaN: none."""

    pixels: Image
    labelled: Points
    found: Points


def grid(squares: Sequence[Tile]) -> Image:
    """Tiles in rows of eight, labels in green, found points in red: (H, W, 3)."""
    drawn = [_draw(tile) for tile in squares]
    blank = np.zeros((TILE_PX, TILE_PX, 3), np.uint8)
    drawn += [blank] * (-len(drawn) % COLUMNS)
    rows = [np.hstack(drawn[at : at + COLUMNS]) for at in range(0, len(drawn), COLUMNS)]
    sheet: Image = np.vstack(rows)
    return sheet


def _draw(tile: Tile) -> Image:
    scale = TILE_PX / tile.pixels.shape[0]
    image = cv2.resize(tile.pixels, (TILE_PX, TILE_PX), interpolation=cv2.INTER_LINEAR)
    for points, colour in ((tile.labelled, LABEL_RGB), (tile.found, FOUND_RGB)):
        where = (points + 0.5) * scale - 0.5
        for x, y in where[np.isfinite(where).all(axis=1)]:
            center = (round(float(x) * 2**_SHIFT), round(float(y) * 2**_SHIFT))
            cv2.circle(image, center, 2**_SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)
    return np.asarray(image, np.uint8)


def tiles(batch: Batch, found: Tensor) -> list[Tile]:
    """Squares of a batch with labels and found points; found (B, 74, 2) normalised."""
    size = batch["images"].shape[-1]
    pixels = (255 * batch["images"]).round().byte().permute(0, 2, 3, 1).numpy()
    labels = batch["points"].where(batch["known"][..., None], torch.nan)
    where = [points_to_pixel(points, size, size).cpu().numpy() for points in (labels, found)]
    each = zip(pixels, *where, strict=True)
    return [Tile(pixels=image, labelled=label, found=seen) for image, label, seen in each]
