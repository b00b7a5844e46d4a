"""One look of the landmark network at squares of a frame.

Convention  roll is clockwise in the image, in degrees: the angle by which a square must be turned
            with the head so that the face stands upright in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import cut, landmark_square, rescale, to_frame
from animate_cli.faces.points import LEFT_EYE, OUTER_LIPS, RIGHT_EYE
from animate_cli.records import LANDMARKS, Crop, Image, Points


class LandmarkDetector(Protocol):
    """The landmark network as its users see it (`landmarks.Landmarker`)."""

    size: int

    def __call__(self, squares: Image) -> tuple[Points, NDArray[np.float32]]:
        """squares (B, S, S, 3) uint8 RGB -> points (B, 74, 2) in its pixels, confidence (B, 74)."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class LandmarkResult:
    """What the network saw in one square.

    landmarks (74, 2) in frame pixels; confidence (74,); crop: where it looked;
    pixels (S, S, 3): what it was shown.
    """

    landmarks: Points
    confidence: NDArray[np.float32]
    crop: Crop
    pixels: Image

    @property
    def score(self) -> float:
        """Mean confidence of the points."""
        return float(self.confidence.mean())


def detect_landmarks(
    frame: Image, crops: Sequence[Crop], network: LandmarkDetector
) -> list[LandmarkResult]:
    """The network's answer for each square of one frame (H, W, 3), in one batch."""
    return detect_in_crops([(frame, crop) for crop in crops], network)


def detect_in_crops(
    views: Sequence[tuple[Image, Crop]], network: LandmarkDetector
) -> list[LandmarkResult]:
    """The network's answer for each (frame, square), in one batch."""
    if not views:
        return []
    squares = np.stack([cut(frame, crop, network.size) for frame, crop in views])
    points, confidence = network(squares)
    shape = (len(views), LANDMARKS, 2)
    if points.shape != shape:  # a network of another kind must not travel further
        raise ValueError(f"the landmark network gave points {points.shape}, not {shape}")
    return [
        LandmarkResult(
            landmarks=to_frame(p, rescale(crop, network.size)),
            confidence=c.astype(np.float32),
            crop=crop,
            pixels=square,
        )
        for (_, crop), p, c, square in zip(views, points, confidence, squares, strict=True)
    ]


def upright_square(points: Points, size: int) -> Crop:
    """The square about known points (74, 2), turned with the head, centred on the turned box."""
    return landmark_square(points, size, roll_deg(points))


def roll_deg(points: Points) -> float:
    """How far a head is tilted clockwise, from points (74, 2).

    The eye line alone is blind in profile, where both eyes coincide; the line from the eyes to
    the mouth, turned by a right angle, is added to it.
    """
    right, left, mouth = eyes_and_mouth(points)
    down = mouth - (right + left) / 2
    across = (left - right) + np.array([down[1], -down[0]])
    return float(np.degrees(np.arctan2(across[1], across[0])))


def eyes_and_mouth(points: Points) -> tuple[Points, Points, Points]:
    """Centres (2,) of the right eye (image left), the left eye and the mouth."""
    right = points[list(RIGHT_EYE)].mean(axis=0)
    left = points[list(LEFT_EYE)].mean(axis=0)
    return right, left, points[list(OUTER_LIPS)].mean(axis=0)
