"""Augmentation: a labelled picture -> a training square, with changed geometry and image quality.

All randomness comes from the generator passed in; pictures are uint8 RGB (H, W, 3), points (74, 2)
in pixels, NaN where unlabelled, also after mirroring.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from animate_cli.data.labels import labelled_points
from animate_cli.faces.crop import LANDMARK_MARGIN, cut, points_box, square, to_crop
from animate_cli.faces.points import MIRROR
from animate_cli.records import Image, Points

Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class AugmentConfig:
    """How much squares vary. Probabilities in [0, 1]; shift and zoom as shares of the square.

    roll_deg: two standard deviations of the roll, which is clamped to 1.5 times this value; coarse:
    probability of a reduced resolution, down to 28 pixels; dark: of little light.
    """

    roll_deg: float = 32.0
    shift: float = 0.14
    zoom: float = 0.30
    stretch: float = 0.08
    mirror: float = 0.5
    colour: float = 0.7
    grey: float = 0.15
    coarse: float = 0.25
    blur: float = 0.25
    noise: float = 0.25
    jpeg: float = 0.3
    hide: float = 0.3
    dark: float = 0.0


def make_square(
    pixels: Image, points: Points, size: int, config: AugmentConfig, rng: Rng
) -> tuple[Image, Points]:
    """`jitter`, then `damage`: -> the square (size, size, 3), points (74, 2) in its pixels."""
    seen, where = jitter(pixels, points, size, config, rng)
    if rng.random() < config.mirror:
        seen, where = mirrored(seen, where)
    return damage(seen, config, rng), where


def jitter(
    pixels: Image, points: Points, size: int, config: AugmentConfig, rng: Rng
) -> tuple[Image, Points]:
    """Cut the landmark square, shifted, resized and rotated at random as by a detector's errors."""
    x0, y0, x1, y1 = points_box(labelled_points(points))
    side = LANDMARK_MARGIN * max(x1 - x0, y1 - y0)
    shift = rng.uniform(-config.shift, config.shift, 2) * side
    side *= float(np.exp(rng.uniform(-config.zoom, config.zoom)))
    roll = float(rng.normal(0, config.roll_deg / 2))
    center = ((x0 + x1) / 2 + float(shift[0]), (y0 + y1) / 2 + float(shift[1]))
    crop = square(
        center, side, size, float(np.clip(roll, -1.5 * config.roll_deg, 1.5 * config.roll_deg))
    )
    seen, where = cut(pixels, crop), to_crop(points, crop)
    return _stretched(seen, where, config, rng)


def mirrored(pixels: Image, points: Points) -> tuple[Image, Points]:
    """The picture flipped left to right, and its points, with left and right indices swapped."""
    where = points[list(MIRROR)].copy()
    where[:, 0] = pixels.shape[1] - 1 - where[:, 0]
    return np.ascontiguousarray(pixels[:, ::-1]), where


def damage(pixels: Image, config: AugmentConfig, rng: Rng) -> Image:
    """Random occlusion, lighting, blur, noise and compression of a picture."""
    steps = (
        (config.hide, _hide),
        (config.colour, _recolour),
        (config.dark, _darken),
        (config.grey, _grey),
        (config.coarse, _coarsen),
        (config.blur, _blur),
        (config.noise, _noise),
        (config.jpeg, _compress),
    )
    for probability, step in steps:
        # a probability of 0 uses no random number, so that older recipes keep their samples
        if probability > 0 and rng.random() < probability:
            pixels = step(pixels, rng)
    return pixels


def _stretched(
    pixels: Image, points: Points, config: AugmentConfig, rng: Rng
) -> tuple[Image, Points]:
    size = pixels.shape[0]
    linear = np.eye(2) + rng.uniform(-config.stretch, config.stretch, (2, 2))
    middle = np.full(2, (size - 1) / 2)
    matrix = np.hstack((linear, (middle - linear @ middle)[:, None]))
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
    seen = cv2.warpAffine(pixels, matrix, (size, size), borderMode=border)
    where = points @ linear.T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    return seen, where.astype(np.float32)  # type: ignore[return-value]


def _hide(pixels: Image, rng: Rng) -> Image:
    """Occlude by one or two opaque shapes, as by a hand, a microphone or a caption."""
    size = pixels.shape[0]
    out = pixels.copy()
    for _ in range(int(rng.integers(1, 3))):
        mask = np.zeros((size, size), np.uint8)
        center = tuple(int(v) for v in rng.uniform(0.05, 0.95, 2) * size)
        axes = tuple(int(v) for v in rng.uniform(0.05, 0.28, 2) * size)
        if rng.random() < 0.5:
            cv2.ellipse(mask, center, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        else:
            corner = (center[0] + axes[0], center[1] + axes[1])
            cv2.rectangle(mask, center, corner, 255, -1)
        shift = rng.integers(0, size, 2)
        if rng.random() < 0.5:
            cover = np.roll(pixels, (int(shift[0]), int(shift[1])), axis=(0, 1))
        else:
            cover = np.full_like(pixels, rng.integers(0, 256, 3, dtype=np.uint8))
        out[mask > 0] = cover[mask > 0]
    return out


def _recolour(pixels: Image, rng: Rng) -> Image:
    """Contrast, brightness, gamma and a tint, by one table per channel."""
    level = np.linspace(0, 1, 256)[:, None] ** np.exp(rng.uniform(-0.6, 0.6))
    gain = np.exp(rng.uniform(-0.45, 0.3)) * np.exp(rng.uniform(-0.12, 0.12, 3))
    table = (level - 0.5) * gain + 0.5 + rng.uniform(-0.2, 0.15)
    table8 = (np.clip(table, 0, 1) * 255).astype(np.uint8)[None]  # (1, 256, 3)
    return cv2.LUT(pixels, table8)  # type: ignore[return-value]


def _darken(pixels: Image, rng: Rng) -> Image:
    """Little light: 4 % to 25 % of it, shot noise and read noise, then a gain.

    The noise is added in linear light: variance = signal / well + floor².
    """
    light = (pixels.astype(np.float32) / 255) ** 2.2
    light *= float(np.exp(rng.uniform(np.log(0.04), np.log(0.25))))
    deviation = np.sqrt(light / float(rng.uniform(200, 2000)) + float(rng.uniform(0, 0.004)) ** 2)
    light += deviation * rng.standard_normal(pixels.shape, dtype=np.float32)
    light *= float(np.exp(rng.uniform(0, np.log(4))))
    seen: Image = (255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(np.uint8)
    return seen


def _grey(pixels: Image, rng: Rng) -> Image:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.repeat(grey[..., None], 3, axis=2)


def _coarsen(pixels: Image, rng: Rng) -> Image:
    size = pixels.shape[0]
    small = int(np.exp(rng.uniform(np.log(28), np.log(100))))
    tiny = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
    back = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return cv2.resize(tiny, (size, size), interpolation=back)  # type: ignore[return-value]


def _blur(pixels: Image, rng: Rng) -> Image:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 2.2)))  # type: ignore[return-value]
    length = int(rng.integers(3, 12))
    turn = cv2.getRotationMatrix2D(((length - 1) / 2,) * 2, float(rng.uniform(0, 180)), 1.0)
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    kernel = cv2.warpAffine(line, turn, (length, length))
    even = kernel / max(float(kernel.sum()), 1e-6)
    return cv2.filter2D(pixels, -1, even)  # type: ignore[arg-type,return-value]


def _noise(pixels: Image, rng: Rng) -> Image:
    noise = rng.standard_normal(pixels.shape, dtype=np.float32) * rng.uniform(2, 18)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def _compress(pixels: Image, rng: Rng) -> Image:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 70))]
    _, jpeg = cv2.imencode(".jpg", pixels, quality)
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)  # type: ignore[return-value]
