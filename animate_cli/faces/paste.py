"""Compose output frames: their size, the face pasted into the photo, panels side by side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import OptionError
from animate_cli.faces.crop import open_edges
from animate_cli.records import Crop, Image

LONG_SIDES = {"1080p": 1920, "4k": 3840}
LEAST_LONG_SIDE, GREATEST_LONG_SIDE = 16, 16384
_FEATHER = 0.03  # width of the blended band, in sides of the square


class Paster:
    """Pastes face squares into a photo.

    photo (H, W, 3) uint8, at the output's size; crop: a square of `crop.face_square`, on whole
    photo pixels, which may extend over the photo's edges. A square that equals the photo along its
    edges is copied; any other is blended in over a narrow band, except along the photo's own edges.
    Each frame is a new array.

    Raises:
        ValueError: the crop does not lie on whole photo pixels.
    """

    def __init__(self, photo: Image, crop: Crop) -> None:
        left, top = _whole_pixel_corner(crop)
        height, width = photo.shape[:2]
        rows = slice(max(top, 0), min(top + crop.size, height))
        columns = slice(max(left, 0), min(left + crop.size, width))
        self._photo = photo
        self._place = rows, columns
        self._inside_photo = (
            slice(rows.start - top, rows.stop - top),
            slice(columns.start - left, columns.stop - left),
        )
        edges = open_edges(crop, width, height)
        down = _feather(crop.size, first=edges.top, last=edges.bottom)[self._inside_photo[0]]
        across = _feather(crop.size, first=edges.left, last=edges.right)[self._inside_photo[1]]
        self._weight = np.minimum(down[:, None], across)  # of the square, float32

    def paste(self, square: Image) -> Image:
        """A square (N, N, 3) -> the whole frame (H, W, 3)."""
        frame = self._photo.copy()
        here = frame[self._place]
        pixels = np.ascontiguousarray(square[self._inside_photo])
        here[:] = pixels if self._is_seamless(pixels, here) else self._blend(pixels, here)
        return frame

    def _is_seamless(self, pixels: Image, here: Image) -> bool:
        """Whether the square equals the photo along the edges behind which the photo continues."""
        edges = [line for line in (0, -1) if self._weight[line].max() < 1]
        sides = [line for line in (0, -1) if self._weight[:, line].max() < 1]
        return all(np.array_equal(pixels[k], here[k]) for k in edges) and all(
            np.array_equal(pixels[:, k], here[:, k]) for k in sides
        )

    def _blend(self, pixels: Image, here: Image) -> Image:
        blended = cv2.blendLinear(
            pixels, np.ascontiguousarray(here), self._weight, 1 - self._weight
        )
        return np.asarray(blended, np.uint8)


def _whole_pixel_corner(crop: Crop) -> tuple[int, int]:
    """Left and top of a crop on whole photo pixels; ValueError for any other crop."""
    matrix = crop.crop_to_frame
    corner = np.rint(matrix[:, 2])
    if not np.allclose(matrix, np.column_stack((np.eye(2), corner)), atol=1e-6):
        raise ValueError(f"the square does not lie on whole photo pixels: {matrix.tolist()}")
    return int(corner[0]), int(corner[1])


def _feather(size: int, *, first: bool, last: bool) -> NDArray[np.float32]:
    """The square's blending weight along an axis (size,).

    It rises from 0 to 1 over a band at the first and the last edge if the photo continues behind
    it, and is 1 elsewhere.
    """
    band = max(_FEATHER * size, 1.0)
    place = np.arange(size)
    weight = np.ones(size)
    if first:
        weight = np.minimum(weight, place / band)
    if last:
        weight = np.minimum(weight, (size - 1 - place) / band)
    return (weight**2 * (3 - 2 * weight)).astype(np.float32)


def output_scale(size: str, width: int, height: int) -> tuple[int, int]:
    """Width and height of the output for a photo of width x height.

    size: the value of `--size`: source, 1080p (long side 1920), 4k (3840), or the long side in
    pixels.

    Raises:
        OptionError: `size` is none of these, or out of range.
    """
    if size == "source":
        return width, height
    if size in LONG_SIDES:
        long_side = LONG_SIDES[size]
    elif size.isascii() and size.isdigit():
        long_side = int(size)
    else:
        choices = ", ".join(("source", *LONG_SIDES))
        raise OptionError(f"unknown size {size!r}", hint=f"choose {choices}, or a number of pixels")
    if not LEAST_LONG_SIDE <= long_side <= GREATEST_LONG_SIDE:
        raise OptionError(
            f"a long side of {long_side} pixels cannot be written",
            hint=f"choose between {LEAST_LONG_SIDE} and {GREATEST_LONG_SIDE}",
        )
    scale = long_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def resize(pixels: Image, width: int, height: int) -> Image:
    """Resize (H, W, 3) -> (height, width, 3): Lanczos to enlarge, area averages to reduce.

    Photos are resized before the face is rendered, so that it is rendered at the output's size.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = width * height < pixels.shape[0] * pixels.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=method), np.uint8)


def side_by_side(source: Image, driver: Image, result: Image) -> Image:
    """Source, driver and result (H, W, 3) each, side by side at the height of the result."""
    height = len(result)
    panels = [
        resize(p, max(1, round(p.shape[1] * height / len(p))), height) for p in (source, driver)
    ]
    return np.concatenate((*panels, result), axis=1)
