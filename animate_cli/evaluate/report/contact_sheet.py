"""A clip at a glance: source and driver, and of every entrant the output and what led to it.

    grid        where each output pixel comes from: a raster of the source's face, moved
    mask        white where pixels were invented, black where the warped source was kept
    difference  output less driver, four times enlarged; black is equal (self-reenactment)

Rows are frames evenly spread over those that were scored; no more than twice as many are held.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.evaluate.protocol import Reenactment
from animate_cli.evaluate.runner.clip_run import ScoredFrame
from animate_cli.layers.grid import warp
from animate_cli.records import Image, Rendered

TILE_PX = 160
HEAD_PX = 18
RASTER_PX = 16  # between two lines, in pixels of the rendered face
ENLARGED = 4
DIMMED = 0.6  # of the face under the raster
GREY = 64


class ContactSheet:
    """Fed with scored frames, gives one picture."""

    def __init__(self, names: Sequence[str], reenactment: Reenactment, *, rows: int = 6) -> None:
        """names: of the entrants that draw, in the order of their outputs."""
        self._names, self._rows = tuple(names), rows
        self._has_target = reenactment is Reenactment.SELF
        self._kept: list[Image] = []
        self._every, self._seen = 1, 0

    def add(self, shown: ScoredFrame) -> None:
        """One more scored frame, in order."""
        if self._seen % self._every == 0:
            self._kept.append(self._row(shown))
            if len(self._kept) > 2 * self._rows:
                self._kept = self._kept[::2]
                self._every *= 2
        self._seen += 1

    @property
    def is_empty(self) -> bool:
        """Whether no frame was added."""
        return not self._kept

    def picture(self) -> Image:
        """(H, W, 3); ValueError where nothing was added."""
        last = len(self._kept) - 1
        count = min(self._rows, len(self._kept))
        chosen = sorted({round(k * last / max(count - 1, 1)) for k in range(count)})
        rows = [self._kept[k] for k in chosen]
        return np.vstack((self._head(rows[0].shape[1]), *rows))

    def _row(self, shown: ScoredFrame) -> Image:
        tiles = [shown.source, shown.driver]
        for drawn in shown.outputs:
            if drawn.rendered is not None:
                rendered, place = drawn.rendered, drawn.place
                tiles += [drawn.pixels, moved_raster(rendered, place), invented(rendered, place)]
                tiles += [difference(drawn.pixels, shown.driver)] if self._has_target else []
        return np.hstack([_tile(picture) for picture in tiles])

    def _head(self, width: int) -> Image:
        """The columns' names."""
        titles = ["source", "driver"]
        for name in self._names:
            titles += [name, "grid", "mask", *(["difference"] if self._has_target else [])]
        head = np.full((HEAD_PX, width, 3), GREY, np.uint8)
        for column, title in enumerate(titles):
            _write(head, title[-24:], column * TILE_PX + 3)
        return head


def moved_raster(rendered: Rendered, place: int) -> Image:
    """A rendered face under a raster that lay straight on the source: (S, S, 3)."""
    face = _bytes(rendered.face[place])
    if rendered.grid is None:
        return np.full_like(face, GREY)
    lines = torch.zeros(1, 1, *face.shape[:2])
    lines[..., RASTER_PX // 2 :: RASTER_PX, :] = 1
    lines[..., :, RASTER_PX // 2 :: RASTER_PX] = 1
    share = warp(lines, rendered.grid[place][None].float().cpu())[0, 0, ..., None].numpy()
    mixed = face * np.float32(DIMMED) * (1 - share) + 255 * share
    return np.asarray(mixed, np.uint8)


def invented(rendered: Rendered, place: int) -> Image:
    """The refine mask: (S, S, 3)."""
    if rendered.refine_mask is None:
        return np.zeros((*rendered.face.shape[-2:], 3), np.uint8)
    return _bytes(rendered.refine_mask[place].expand(3, -1, -1))


def difference(output: Image, driver: Image) -> Image:
    """Enlarged absolute difference of (H, W, 3)."""
    apart = np.abs(output.astype(np.int16) - driver)
    return np.asarray(np.minimum(ENLARGED * apart, 255), np.uint8)


def _tile(picture: Image) -> NDArray[np.uint8]:
    """Fitted into a square of `TILE_PX`."""
    height, width = picture.shape[:2]
    scale = TILE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    tile = np.full((TILE_PX, TILE_PX, 3), GREY, np.uint8)
    tile[: size[1], : size[0]] = small
    return tile


def _bytes(picture: Tensor) -> Image:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8."""
    pixels = (255 * picture.float().clamp(0, 1)).round().byte()
    return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())


def _write(head: Image, text: str, x: int) -> None:
    font, white = cv2.FONT_HERSHEY_SIMPLEX, (255, 255, 255)
    cv2.putText(head, text, (x, HEAD_PX - 5), font, 0.38, white, 1, cv2.LINE_AA)
