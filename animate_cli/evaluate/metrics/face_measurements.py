"""The evaluator networks' measurements of the face in one image, kept for each frame of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName, EvaluatorNetworks
from animate_cli.evaluate.metrics.networks.external_landmarks import ExternalLandmarks
from animate_cli.faces.landmarks.inference import detect_in_crops, upright_square
from animate_cli.records import LANDMARKS, Image, Points


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceMeasurements:
    """One face; NaN where an evaluator is missing.

    points, openseeface, pfld (74, 2): landmarks by three detectors in pixels of the image, NaN for
    points that a detector does not give; embedding (D,) of unit length; pose_deg (3,): yaw, pitch,
    roll; gaze_deg (2,): yaw, pitch; expression (7,): probabilities.
    """

    points: Points
    openseeface: Points
    pfld: Points
    embedding: NDArray[np.float32]
    pose_deg: NDArray[np.float64]
    gaze_deg: NDArray[np.float64]
    expression: NDArray[np.float64]

    def points_of(self, detector: EvaluatorName) -> Points:
        """The points of one detector: (74, 2)."""
        external = {EvaluatorName.OPENSEEFACE: self.openseeface, EvaluatorName.PFLD: self.pfld}
        return external.get(detector, self.points)


def measure_faces(
    evaluators: EvaluatorNetworks, views: Sequence[tuple[Image, Points]]
) -> list[FaceMeasurements]:
    """Measure the face in each image (H, W, 3), near its given points (74, 2)."""
    detected = _detect(evaluators, views)
    return [
        _measure(evaluators, image, near, points)
        for (image, near), points in zip(views, detected, strict=True)
    ]


def find_and_measure(
    evaluators: EvaluatorNetworks, views: Sequence[tuple[Image, Points]]
) -> list[FaceMeasurements]:
    """`measure_faces` where the face may have left the given points: it is first detected near
    them, then measured near the detected ones."""
    detected = _detect(evaluators, views)
    images = (image for image, _ in views)
    return measure_faces(evaluators, list(zip(images, detected, strict=True)))


def _detect(evaluators: EvaluatorNetworks, views: Sequence[tuple[Image, Points]]) -> list[Points]:
    """Our own landmarks in each image: (74, 2)."""
    size = evaluators.landmarker.size
    crops = [(image, upright_square(near, size)) for image, near in views]
    return [one.landmarks for one in detect_in_crops(crops, evaluators.landmarker)]


def _measure(
    evaluators: EvaluatorNetworks, image: Image, near: Points, points: Points
) -> FaceMeasurements:
    e = evaluators
    pose = e.head_pose(image, points) if e.head_pose else _unknown(3)
    gaze = e.gaze(image, points, pose) if e.gaze and e.head_pose else _unknown(2)
    return FaceMeasurements(
        points=points,
        openseeface=_external_points(e.openseeface, image, near),
        pfld=_external_points(e.pfld, image, near),
        embedding=e.embed(image, points) if e.embed else np.array([np.nan], np.float32),
        pose_deg=pose.astype(np.float64),
        gaze_deg=gaze,
        expression=e.expression(image, points) if e.expression else _unknown(7),
    )


def _external_points(network: ExternalLandmarks | None, image: Image, near: Points) -> Points:
    points = np.full((LANDMARKS, 2), np.nan, np.float32)
    if network is not None:
        points[list(network.points)] = network(image, near)
    return points


def _unknown(count: int) -> NDArray[np.float64]:
    return np.full(count, np.nan)
