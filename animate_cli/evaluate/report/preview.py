"""A preview of one clip: source, driver and every model's output side by side, animated."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as Pillow

from animate_cli.evaluate.runner.observer import ScoredFrame
from animate_cli.records import Image

TILE_PX = 144
MOST = 32  # frames of one preview
QUALITY = 70
FRAME_MS = 40  # between two frames of most drivers


class ClipPreview:
    """Collects scored frames; keeps at most `MOST` of them, evenly spread."""

    def __init__(self, stride: int) -> None:
        """stride: every n-th frame of the driver is scored."""
        self._stride, self._every, self._seen = stride, 1, 0
        self._kept: list[Image] = []

    def add(self, frame: ScoredFrame) -> None:
        """Add the next scored frame."""
        if self._seen % self._every == 0:
            images = [frame.source, frame.driver]
            images += [one.pixels for one in frame.outputs if one.rendered is not None]
            self._kept.append(np.hstack([tile(image) for image in images]))
            if len(self._kept) > MOST:
                self._kept = self._kept[::2]
                self._every *= 2
        self._seen += 1

    @property
    def is_empty(self) -> bool:
        """Whether no frame was added."""
        return not self._kept

    def encode(self) -> bytes:
        """A looping WebP at about the driver's speed; ValueError where no frame was added."""
        return encode_loop(self._kept, FRAME_MS * self._stride * self._every)


def encode_loop(frames: Sequence[Image], frame_ms: int) -> bytes:
    """Frames (H, W, 3) of one size -> a looping WebP that shows each for `frame_ms`."""
    if not frames:
        raise ValueError("a loop of no frames")
    first, *rest = [Pillow.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    file = BytesIO()
    first.save(
        file,
        format="WEBP",
        save_all=True,
        append_images=rest,
        duration=frame_ms,
        loop=0,
        quality=QUALITY,
        method=2,
    )
    return file.getvalue()


def tile(image: Image, side: int = TILE_PX) -> Image:
    """An image (H, W, 3) fitted into the middle of a grey square."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    square = np.full((side, side, 3), 64, np.uint8)
    x, y = (side - size[0]) // 2, (side - size[1]) // 2
    square[y : y + size[1], x : x + size[0]] = small
    return square
