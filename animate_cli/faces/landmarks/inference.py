"""Run the landmark network on squares of frames, and describe a face by its landmarks.

Convention  roll is clockwise in the image, in degrees: the angle by which a square must be turned
            so that the face is upright in it.
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
    """A landmark network, ready for use, such as `landmarks.network.Landmarker`.

    size: S, pixels of the side of the squares that it reads.
    """

    size: int

    def __call__(self, squares: Image) -> tuple[Points, NDArray[np.float32]]:
        """squares (B, S, S, 3) uint8 RGB -> points (B, 74, 2) in its pixels, confidence (B, 74)."""
        ...

    def refine(self, frames: Sequence[Image], points: Points) -> Points:
        """A second look at eyes and mouth: points (T, 74, 2) as found in the squares of T frames
        (H, W, 3), in frame pixels -> the points to use."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class LandmarkResult:
    """The landmarks found in one square of a frame.

    landmarks (74, 2) in frame pixels; confidence (74,) in [0, 1]; crop: the square;
    pixels (S, S, 3) uint8: the pixels that the network read.
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
    """Landmarks in each square of one frame (H, W, 3), in one batch."""
    return detect_in_crops([(frame, crop) for crop in crops], network)


def detect_in_crops(
    views: Sequence[tuple[Image, Crop]], network: LandmarkDetector
) -> list[LandmarkResult]:
    """Landmarks in each (frame, square), in one batch.

    Raises:
        ValueError: the network does not give (B, 74, 2) points.
    """
    if not views:
        return []
    squares = np.stack([cut(frame, crop, network.size) for frame, crop in views])
    points, confidence = network(squares)
    shape = (len(views), LANDMARKS, 2)
    if points.shape != shape:
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
    """The network's square about points (74, 2), turned with the head; size: its side in pixels."""
    return landmark_square(points, size, roll_deg(points))


def roll_deg(points: Points) -> float:
    """Roll of a head in degrees, clockwise, from points (74, 2).

    The angle of the sum of two vectors: from eye to eye, and from the eyes to the mouth, turned by
    90 degrees. In profile, where the eyes coincide, the second one decides.
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
