"""A contact sheet of one clip: source, driver, and every candidate's output with its intermediates.

    grid        the warp: a raster that was straight on the source's face
    mask        white where the refinement network filled pixels, black where the warped source
                stays
    difference  |output - driver|, four times amplified, black where equal (self-reenactment only)

Rows are frames, evenly spread over the scored ones; at most twice as many are held in memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.evaluate.protocol import Reenactment
from animate_cli.evaluate.runner.observer import ScoredFrame
from animate_cli.layers.grid import warp
from animate_cli.records import Image, Rendered

TILE_PX = 160
HEADER_PX = 18
RASTER_PX = 16  # between two lines, in pixels of the rendered face
AMPLIFIED = 4
DIMMED = 0.6  # brightness of the face under the raster
GREY = 64


class ContactSheet:
    """Collects scored frames and makes one image of them."""

    def __init__(self, names: Sequence[str], reenactment: Reenactment, *, rows: int = 6) -> None:
        """names: of the candidates that have a model, in the order of their outputs."""
        self._names, self._rows = tuple(names), rows
        self._has_target = reenactment is Reenactment.SELF
        self._kept: list[Image] = []
        self._every, self._seen = 1, 0

    def add(self, frame: ScoredFrame) -> None:
        """Add the next scored frame."""
        if self._seen % self._every == 0:
            self._kept.append(self._row(frame))
            if len(self._kept) > 2 * self._rows:
                self._kept = self._kept[::2]
                self._every *= 2
        self._seen += 1

    @property
    def is_empty(self) -> bool:
        """Whether no frame was added."""
        return not self._kept

    def image(self) -> Image:
        """The sheet (H, W, 3). Add a frame first: without one it raises ValueError."""
        last = len(self._kept) - 1
        count = min(self._rows, len(self._kept))
        chosen = sorted({round(k * last / max(count - 1, 1)) for k in range(count)})
        rows = [self._kept[k] for k in chosen]
        return np.vstack((self._header(rows[0].shape[1]), *rows))

    def _row(self, frame: ScoredFrame) -> Image:
        tiles = [frame.source, frame.driver]
        for output in frame.outputs:
            if output.rendered is not None:
                rendered, index = output.rendered, output.batch_index
                tiles += [
                    output.pixels,
                    warped_raster(rendered, index),
                    refinement_mask(rendered, index),
                ]
                tiles += [difference(output.pixels, frame.driver)] if self._has_target else []
        return np.hstack([_tile(image) for image in tiles])

    def _header(self, width: int) -> Image:
        """The names of the columns: (HEADER_PX, W, 3)."""
        titles = ["source", "driver"]
        for name in self._names:
            titles += [name, "grid", "mask", *(["difference"] if self._has_target else [])]
        header = np.full((HEADER_PX, width, 3), GREY, np.uint8)
        for column, title in enumerate(titles):
            _write(header, title[-24:], column * TILE_PX + 3)
        return header


def warped_raster(rendered: Rendered, index: int) -> Image:
    """A face of the batch under a raster that was straight on the source: (S, S, 3)."""
    face = _bytes(rendered.face[index])
    if rendered.grid is None:
        return np.full_like(face, GREY)
    lines = torch.zeros(1, 1, *face.shape[:2])
    lines[..., RASTER_PX // 2 :: RASTER_PX, :] = 1
    lines[..., :, RASTER_PX // 2 :: RASTER_PX] = 1
    share = warp(lines, rendered.grid[index][None].float().cpu())[0, 0, ..., None].numpy()
    mixed = face * np.float32(DIMMED) * (1 - share) + 255 * share
    return np.asarray(mixed, np.uint8)


def refinement_mask(rendered: Rendered, index: int) -> Image:
    """The refinement mask of a face of the batch: (S, S, 3)."""
    if rendered.refine_mask is None:
        return np.zeros((*rendered.face.shape[-2:], 3), np.uint8)
    return _bytes(rendered.refine_mask[index].expand(3, -1, -1))


def difference(output: Image, driver: Image) -> Image:
    """Amplified absolute difference of two images (H, W, 3)."""
    apart = np.abs(output.astype(np.int16) - driver)
    return np.asarray(np.minimum(AMPLIFIED * apart, 255), np.uint8)


def _tile(image: Image) -> NDArray[np.uint8]:
    """An image (H, W, 3) shrunk or enlarged into a square of `TILE_PX`, at its top left."""
    height, width = image.shape[:2]
    scale = TILE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    tile = np.full((TILE_PX, TILE_PX, 3), GREY, np.uint8)
    tile[: size[1], : size[0]] = small
    return tile


def _bytes(image: Tensor) -> Image:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8."""
    pixels = (255 * image.float().clamp(0, 1)).round().byte()
    return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())


def _write(header: Image, text: str, x: int) -> None:
    font, white = cv2.FONT_HERSHEY_SIMPLEX, (255, 255, 255)
    cv2.putText(header, text, (x, HEADER_PX - 5), font, 0.38, white, 1, cv2.LINE_AA)
