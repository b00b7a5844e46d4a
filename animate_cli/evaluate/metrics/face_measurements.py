"""What the judges say of one picture: small, so that those of a whole clip can be kept."""

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
    """points, openseeface, pfld (74, 2) in pixels of the picture, NaN where a detector does not
    know a point; embedding (D,) of unit length; pose_deg (3,): yaw, pitch, roll; gaze_deg (2,):
    yaw, pitch; expression (7,): probabilities. Of absent judges everything is NaN.
    """

    points: Points
    openseeface: Points
    pfld: Points
    embedding: NDArray[np.float32]
    pose_deg: NDArray[np.float64]
    gaze_deg: NDArray[np.float64]
    expression: NDArray[np.float64]

    def by(self, detector: EvaluatorName) -> Points:
        """A detector's points (74, 2)."""
        found = {EvaluatorName.OPENSEEFACE: self.openseeface, EvaluatorName.PFLD: self.pfld}
        return found.get(detector, self.points)


def measure_faces(
    judges: EvaluatorNetworks, views: Sequence[tuple[Image, Points]]
) -> list[FaceMeasurements]:
    """Pictures (H, W, 3), each with points (74, 2) near which its face is."""
    size = judges.landmarker.size
    squares = [(picture, upright_square(about, size)) for picture, about in views]
    sights = detect_in_crops(squares, judges.landmarker)
    return [
        _reading(judges, picture, about, sight.landmarks)
        for (picture, about), sight in zip(views, sights, strict=True)
    ]


def find_and_measure(
    judges: EvaluatorNetworks, views: Sequence[tuple[Image, Points]]
) -> list[FaceMeasurements]:
    """The same where the face may have moved away from the points: looked for once before."""
    size = judges.landmarker.size
    squares = [(picture, upright_square(about, size)) for picture, about in views]
    sights = detect_in_crops(squares, judges.landmarker)
    found = [(picture, s.landmarks) for (picture, _), s in zip(views, sights, strict=True)]
    return measure_faces(judges, found)


def _reading(
    judges: EvaluatorNetworks, picture: Image, about: Points, points: Points
) -> FaceMeasurements:
    pose = judges.head_pose(picture, points) if judges.head_pose else _unknown(3)
    gaze = judges.gaze(picture, points, pose) if judges.gaze and judges.head_pose else _unknown(2)
    return FaceMeasurements(
        points=points,
        openseeface=_opinion(judges.openseeface, picture, about),
        pfld=_opinion(judges.pfld, picture, about),
        embedding=judges.embed(picture, points) if judges.embed else np.array([np.nan], np.float32),
        pose_deg=pose.astype(np.float64),
        gaze_deg=gaze,
        expression=judges.expression(picture, points) if judges.expression else _unknown(7),
    )


def _opinion(network: ExternalLandmarks | None, picture: Image, about: Points) -> Points:
    points = np.full((LANDMARKS, 2), np.nan, np.float32)
    if network is not None:
        points[list(network.points)] = network(picture, about)
    return points


def _unknown(count: int) -> NDArray[np.float64]:
    return np.full(count, np.nan)
