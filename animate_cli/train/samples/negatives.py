"""Squares without a face, such as a detector proposes by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from animate_cli.data.labels import labelled_points
from animate_cli.faces.crop import cut, landmark_square, points_box, square
from animate_cli.records import Crop, Image, Points

MOST_OVERLAP = 0.12  # intersection over the smaller area, with the labelled face's square
SURE_NEIGHBOURS = 4  # boxes that many neighbours agree on may be unlabelled faces


def hard_negatives(pixels: Image, points: Points) -> list[Crop]:
    """False positives of a frontal Viola-Jones cascade in a labelled picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    folder = Path(cv2.__file__).parent / "data"
    cascade = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_alt2.xml"))
    loose = cascade.detectMultiScale(grey, 1.1, 0, minSize=(20, 20))
    sure = cascade.detectMultiScale(grey, 1.1, SURE_NEIGHBOURS, minSize=(20, 20))
    known = [*(_xyxy(box) for box in sure), _face_box(points)]
    boxes = [_xyxy(box) for box in loose]
    kept = [box for box in boxes if all(_overlap(box, face) < MOST_OVERLAP for face in known)]
    return [_box_square(box) for box in kept[:8]]


def random_negative(pixels: Image, points: Points, rng: np.random.Generator) -> Crop | None:
    """A random square with no face in it, or with less of it than `MOST_OVERLAP`."""
    height, width = pixels.shape[:2]
    face = _face_box(points)
    for _ in range(20):
        side = float(np.exp(rng.uniform(np.log(24), np.log(0.8 * min(height, width)))))
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        if _overlap(box, face) < MOST_OVERLAP:
            return square((x, y), side, 128, float(rng.uniform(-30, 30)))
    return None


def flat_or_noisy(size: int, rng: np.random.Generator) -> Image:
    """A colour gradient plus smooth noise: (size, size, 3)."""
    corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    image = cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)
    cells = int(rng.integers(2, size))
    texture = rng.normal(0, rng.uniform(0, 60), (cells, cells, 3)).astype(np.float32)
    image = image + cv2.resize(texture, (size, size), interpolation=cv2.INTER_CUBIC)
    pixels: Image = np.clip(image, 0, 255).astype(np.uint8)
    return pixels


def cut_negative(pixels: Image, crop: Crop, size: int) -> Image:
    """The square's pixels (size, size, 3)."""
    return cut(pixels, crop, size)


def _face_box(points: Points) -> tuple[float, float, float, float]:
    crop = landmark_square(labelled_points(points), 128)
    x, y = crop.crop_to_frame[:, 2]
    side = crop.crop_to_frame[0, 0] * crop.size
    inner = 0.15 * side
    return (x + inner, y + inner, x + side - inner, y + side - inner)


def _xyxy(box: Sequence[int]) -> tuple[float, float, float, float]:
    x, y, w, h = (float(v) for v in box)
    return (x, y, x + w, y + h)


def _box_square(box: tuple[float, float, float, float]) -> Crop:
    x0, y0, x1, y1 = points_box(np.array(box, np.float32).reshape(2, 2))
    return square(((x0 + x1) / 2, (y0 + y1) / 2), 1.25 * (x1 - x0), 128)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over the smaller of the two areas."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    area_a, area_b = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return float(w * h / max(min(area_a, area_b), 1e-6))
