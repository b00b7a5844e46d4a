"""Turns stored frames upright and makes their pixels square.

display matrix   nine 32-bit integers a b u c d v x y w, as MP4 stores them; a stored point
                 (p, q) is shown at (a p + c q, b p + d q), y down
pixel shape      a pixel's width over its height; frames are only enlarged to make it 1
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import cv2
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from animate_cli.records import Image

_MOST_STRETCHED = 8


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """A transpose, then reflections: any of the eight quarter turns and reflections."""

    is_transposed: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @property
    def rotation_deg(self) -> int:
        """Clockwise turn, 0, 90, 180 or 270, that brings the stored frame upright."""
        if self.is_transposed:
            return 90 if self.mirror_x else 270
        return 180 if self.mirror_y else 0

    @property
    def is_mirrored(self) -> bool:
        """Whether the frame is also reflected."""
        return (self.is_transposed + self.mirror_x + self.mirror_y) % 2 == 1


def orientation_of(frame: VideoFrame) -> Orientation:
    """The orientation in a decoded frame's display matrix, rounded to a quarter turn."""
    held = cast(Any, frame.side_data)
    attached = [held[place] for place in range(len(held))]
    raw = next((bytes(data) for data in attached if data.type is Type.DISPLAYMATRIX), b"")
    if len(raw) < struct.calcsize("=9i"):
        return Orientation()
    a, b, _, c, d, *_ = struct.unpack_from("=9i", raw)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(mirror_x=a < 0, mirror_y=d < 0)
    return Orientation(is_transposed=True, mirror_x=c < 0, mirror_y=b < 0)


def upright(pixels: Image, orientation: Orientation) -> Image:
    """The frame (H, W, 3) upright; contiguous, a view or a copy."""
    if orientation.is_transposed:
        pixels = cast(Image, cv2.transpose(pixels))
    flip = {(True, False): 1, (False, True): 0, (True, True): -1}
    code = flip.get((orientation.mirror_x, orientation.mirror_y))
    return pixels if code is None else cast(Image, cv2.flip(pixels, code))


def square_size(width: int, height: int, pixel_shape: Fraction | None) -> tuple[int, int]:
    """Width and height of the frame with square pixels; implausible shapes count as square."""
    shape = pixel_shape or Fraction(1)
    if not Fraction(1, _MOST_STRETCHED) <= shape <= _MOST_STRETCHED:
        return width, height
    if shape >= 1:
        return round(width * shape), height
    return width, round(height / shape)
