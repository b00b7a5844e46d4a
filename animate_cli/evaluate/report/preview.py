"""A take as a small moving picture: source and driver, then every model's output, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as Pillow

from animate_cli.evaluate.runner.clip_run import ScoredFrame
from animate_cli.records import Image

TILE_PX = 144
MOST = 32  # pictures of one preview
QUALITY = 70
PACE_MS = 40  # between two frames of most drivers


class ClipPreview:
    """Fed with scored frames; keeps at most `MOST`, evenly spread."""

    def __init__(self, stride: int) -> None:
        """stride: frames of the driver between two that are scored."""
        self._stride, self._every, self._seen = stride, 1, 0
        self._kept: list[Image] = []

    def add(self, shown: ScoredFrame) -> None:
        """One more scored frame, in order."""
        if self._seen % self._every == 0:
            pictures = [shown.source, shown.driver]
            pictures += [one.pixels for one in shown.outputs if one.rendered is not None]
            self._kept.append(np.hstack([tile(picture) for picture in pictures]))
            if len(self._kept) > MOST:
                self._kept = self._kept[::2]
                self._every *= 2
        self._seen += 1

    @property
    def is_empty(self) -> bool:
        """Whether no frame was added."""
        return not self._kept

    def encode(self) -> bytes:
        """A looping WebP, at about the pace of the driver; ValueError where nothing was added."""
        return encode_loop(self._kept, PACE_MS * self._stride * self._every)


def encode_loop(pictures: Sequence[Image], pace_ms: int) -> bytes:
    """(H, W, 3) each, of one size -> an animated WebP that starts over at its end."""
    if not pictures:
        raise ValueError("a loop of no pictures")
    first, *rest = [Pillow.fromarray(np.ascontiguousarray(picture)) for picture in pictures]
    file = BytesIO()
    first.save(
        file,
        format="WEBP",
        save_all=True,
        append_images=rest,
        duration=pace_ms,
        loop=0,
        quality=QUALITY,
        method=2,
    )
    return file.getvalue()


def tile(picture: Image, side: int = TILE_PX) -> Image:
    """Fitted into a square, grey around it."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    square = np.full((side, side, 3), 64, np.uint8)
    x, y = (side - size[0]) // 2, (side - size[1]) // 2
    square[y : y + size[1], x : x + size[0]] = small
    return square
