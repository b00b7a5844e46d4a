"""A stored eye or mouth -> the patch a network may meet: misplaced, stretched open, badly lit."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import cut, square, to_crop
from animate_cli.faces.patch_landmarks.patches import POINTS_OF, FacePart
from animate_cli.faces.points import LOWER_INNER_LIP, OUTER_LIPS, UPPER_INNER_LIP
from animate_cli.records import Image, Points
from animate_cli.train.samples.augment import AugmentConfig, damage
from animate_cli.train.samples.part_samples import ROOM, PartSample

Rng = np.random.Generator

MOUTH = {k: n for n, k in enumerate(POINTS_OF[FacePart.MOUTH])}
UPPER = [MOUTH[k] for k in UPPER_INNER_LIP]
LOWER = [MOUTH[k] for k in LOWER_INNER_LIP]
BELOW = [MOUTH[k] for k in (*LOWER_INNER_LIP[1:-1], *OUTER_LIPS[7:])]
"""Points of the mouth that go down with the jaw: the lower lip's, without the corners."""


@dataclass(frozen=True, kw_only=True)
class PatchAugment:
    """How far patches stray. Probabilities in [0, 1]; shift and zoom as shares of the patch.

    stretch: share of open mouths that are opened further, by a factor up to `most_stretch`.
    damage: as in `AugmentConfig`, whose own jitter is not used.
    """

    roll_deg: float = 8.0
    shift: float = 0.07
    zoom: float = 0.14
    stretch: float = 0.5
    most_stretch: float = 2.2
    damage: AugmentConfig = field(
        default_factory=lambda: AugmentConfig(hide=0.12, coarse=0.3, blur=0.2, dark=0.08)
    )


def make_patch(
    sample: PartSample, size: int, config: PatchAugment, rng: Rng, *, is_mouth: bool
) -> tuple[Image, Points]:
    """A jittered, damaged patch: -> (size, size, 3), points (K, 2) in its pixels."""
    pixels, points = sample.pixels(), sample.points
    if is_mouth and rng.random() < config.stretch:
        factor = float(np.exp(rng.uniform(0, np.log(config.most_stretch))))
        pixels, points = opened_further(pixels, points, factor)
    if is_mouth and rng.random() < 0.5:
        pixels, points = mirrored_mouth(pixels, points)
    seen, where = jittered(pixels, points, size, config, rng)
    return damage(seen, config.damage, rng), where


def jittered(
    pixels: Image, points: Points, size: int, config: PatchAugment, rng: Rng
) -> tuple[Image, Points]:
    """The patch where careless first points would put it: shifted, zoomed, turned."""
    stored = pixels.shape[0]
    side = stored / ROOM
    middle = (stored - 1) / 2 + rng.normal(0, config.shift, 2) * side
    side *= float(np.exp(rng.normal(0, config.zoom)))
    roll = float(rng.normal(0, config.roll_deg))
    crop = square((float(middle[0]), float(middle[1])), side, size, roll)
    return cut(pixels, crop), to_crop(points, crop)


MIRRORED = [
    MOUTH[k]
    for k in (54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65)
]


def mirrored_mouth(pixels: Image, points: Points) -> tuple[Image, Points]:
    """Left and right exchanged: points (20, 2), each under its new name."""
    where = points[MIRRORED] * (-1, 1) + (pixels.shape[1] - 1, 0)
    return np.ascontiguousarray(pixels[:, ::-1]), np.asarray(where, np.float32)


def opened_further(pixels: Image, points: Points, factor: float) -> tuple[Image, Points]:
    """A mouth opened `factor` times as far; a shut one stays as it is.

    Pixels (S, S, 3), points (20, 2). In every column, what lies between the inner lips is
    stretched, and what lies below is shifted down by as much: the lower lip keeps its thickness.
    """
    columns = np.arange(pixels.shape[1], dtype=np.float32)
    upper, lower = _curve(points[UPPER], columns), _curve(points[LOWER], columns)
    gap = np.maximum(lower - upper, 0)
    inside = (columns > points[UPPER[0], 0]) & (columns < points[UPPER[-1], 0])
    gap = cv2.blur((gap * inside)[None], (5, 1))[0]
    y = np.arange(pixels.shape[0], dtype=np.float32)[:, None]
    between = upper + (y - upper) / factor
    source = np.where(y < upper, y, np.minimum(np.maximum(between, y - (factor - 1) * gap), y))
    x = np.broadcast_to(columns, source.shape)
    seen = cv2.remap(
        pixels,
        np.ascontiguousarray(x),
        source.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    where = points.copy()
    where[BELOW, 1] += (factor - 1) * np.interp(points[BELOW, 0], columns, gap).astype(np.float32)
    return seen, where  # type: ignore[return-value]


def _curve(points: Points, columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """The height of a contour (N, 2) at every column, straight between its points."""
    order = np.argsort(points[:, 0])
    height = np.interp(columns, points[order, 0], points[order, 1])
    return np.asarray(height, np.float32)
