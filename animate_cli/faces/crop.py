"""Cut squares out of frames, and map points between squares and frames.

Convention  points are (x, y), integer pixel centres; crop_to_frame maps crop pixels to frame
            pixels: p_frame = A @ p_crop + t with crop_to_frame = [A | t].
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.records import Crop, Image, Matrix, OpenEdges, Points

LANDMARK_MARGIN = 1.5  # side of the landmark network's square / longer side of the points' box
FACE_MARGIN = 2.3  # the same for the animated square, which contains hair, ears and neck
HEADROOM = 0.06  # shift of the animated square upwards, in its sides
LEAST_FACE_MARGIN = 1.7  # of the animated square in a tight photo


def points_box(points: Points) -> tuple[float, float, float, float]:
    """The bounding box x0, y0, x1, y1 of points (K, 2)."""
    x0, y0 = points.min(axis=0)
    x1, y1 = points.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def square(center: tuple[float, float], side: float, size: int, roll_deg: float = 0.0) -> Crop:
    """A square of `side` frame pixels about `center` x, y, with `size` crop pixels per side.

    roll_deg: clockwise turn of the square; with the head's roll the face is upright in it.
    """
    scale = side / size
    c, s = np.cos(np.deg2rad(roll_deg)) * scale, np.sin(np.deg2rad(roll_deg)) * scale
    linear = np.array([[c, -s], [s, c]])
    middle = np.full(2, (size - 1) / 2)
    offset = np.asarray(center, np.float64) - linear @ middle
    return Crop(crop_to_frame=np.hstack((linear, offset[:, None])), size=size)


def landmark_square(points: Points, size: int, roll_deg: float = 0.0) -> Crop:
    """The landmark network's square about points (74, 2), with `size` crop pixels per side."""
    x0, y0, x1, y1 = points_box(points)
    side = LANDMARK_MARGIN * max(x1 - x0, y1 - y0)
    return square(((x0 + x1) / 2, (y0 + y1) / 2), side, size, roll_deg)


def face_square(points: Points, width: int, height: int) -> Crop:
    """The animated square about the face of a photo: points (74, 2) in width x height pixels.

    Its pixels are whole photo pixels, so that cutting and pasting copy them exactly. It lies inside
    the photo if it fits, otherwise it extends over the photo's edges.
    """
    x0, y0, x1, y1 = points_box(points)
    face = max(x1 - x0, y1 - y0)
    side = round(max(min(FACE_MARGIN * face, width, height), LEAST_FACE_MARGIN * face, 2))
    left = _inside(round((x0 + x1 - side) / 2), side, width)
    top = _inside(round((y0 + y1 - side) / 2 - HEADROOM * side), side, height)
    return Crop(crop_to_frame=np.array([[1.0, 0.0, left], [0.0, 1.0, top]]), size=side)


def open_edges(crop: Crop, width: int, height: int) -> OpenEdges:
    """The edges of an upright square behind which a picture of width x height continues."""
    left, top = np.rint(crop.crop_to_frame[:, 2]).astype(int).tolist()
    return OpenEdges(
        left=left > 0,
        top=top > 0,
        right=left + crop.size < width,
        bottom=top + crop.size < height,
    )


def _inside(start: int, side: int, extent: int) -> int:
    """Start of a span shifted into [0, extent) if it fits, else centred over it."""
    return min(max(start, 0), extent - side) if side <= extent else (extent - side) // 2


def cut(frame: Image, crop: Crop, size: int | None = None) -> Image:
    """The pixels (size, size, 3) of a crop of frame (H, W, 3); size: of the crop unless given.

    Bilinear, area-averaged from a reduction by more than 2 on; the frame's edges are repeated.
    """
    size = size or crop.size
    frame_pixels_per_pixel = float(np.linalg.norm(crop.crop_to_frame[:, 0])) * crop.size / size
    if frame_pixels_per_pixel > 2:  # bilinear sampling alone would alias
        step = int(frame_pixels_per_pixel)
        large = cut(frame, crop, size * step)
        return cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
    matrix = rescale(crop, size).crop_to_frame
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = cv2.BORDER_REPLICATE
    return cv2.warpAffine(frame, matrix, (size, size), flags=flags, borderMode=border)  # type: ignore[return-value]


def rescale(crop: Crop, size: int) -> Crop:
    """The same square with `size` crop pixels per side."""
    ratio = crop.size / size
    linear = crop.crop_to_frame[:, :2]
    shift = linear @ np.full(2, (ratio - 1) / 2)  # the corner pixel's centre moves
    offset = crop.crop_to_frame[:, 2] + shift
    return Crop(crop_to_frame=np.hstack((linear * ratio, offset[:, None])), size=size)


def to_frame(points: NDArray[np.floating], crop: Crop) -> Points:
    """Points (..., 2) in crop pixels -> frame pixels."""
    return _apply(crop.crop_to_frame, points)


def to_crop(points: NDArray[np.floating], crop: Crop) -> Points:
    """Points (..., 2) in frame pixels -> crop pixels."""
    inverse: Matrix = cv2.invertAffineTransform(crop.crop_to_frame)  # type: ignore[assignment]
    return _apply(inverse, points)


def _apply(matrix: Matrix, points: NDArray[np.floating]) -> Points:
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)
