"""Metrics of landmark position: the distance of an output's landmarks from the expected ones.

Expected are the same detector's landmarks in the driver's frame. Where labels drive, the labels are
expected, on the 68 points that every label has (Songsri-in & Zafeiriou 2019, section 4.2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np

from animate_cli.data.labels import IBUG_POINTS
from animate_cli.evaluate.metrics.face_measurements import FaceMeasurements
from animate_cli.evaluate.metrics.landmarks.akd import average_keypoint_distance, frame_errors
from animate_cli.evaluate.metrics.landmarks.landmark_nme import Array, auc, failures
from animate_cli.evaluate.metrics.metric import Better, ClipMeasurements, ClipMetric, Metric
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName
from animate_cli.evaluate.metrics.networks.identity import average_distance
from animate_cli.evaluate.protocol import DrivenBy, Protocol, Reenactment
from animate_cli.records import Points

DETECTORS = (EvaluatorName.LANDMARKS, EvaluatorName.OPENSEEFACE, EvaluatorName.PFLD)

PointPair = Callable[[EvaluatorName, ClipMeasurements], tuple[Points, Points]]
"""A detector's points of the outputs, and the expected points: (T, K, 2) each."""


def landmark_metrics(driven_by: DrivenBy) -> list[Metric]:
    """Distances from the driver's own face, for self-reenactment."""
    points, suffix = POINTS[driven_by], "" if driven_by is DrivenBy.DETECTOR else " to labels"
    return [*_akd(points, suffix), *_error_distribution(points, suffix), _aed()]


def landmark_errors(driven_by: DrivenBy, detector: EvaluatorName, clip: ClipMeasurements) -> Array:
    """A detector's normalised mean distance in every frame: (T,), NaN where it is missing."""
    output, expected = POINTS[driven_by](detector, clip)
    if not np.isfinite(output).any():
        return np.full(len(output), np.nan)
    return frame_errors(output, expected)


def all_landmark_errors(protocol: Protocol, clips: Sequence[ClipMeasurements]) -> Array:
    """Errors of all candidates and detectors: (candidates, detectors, T). T is 0 in
    cross-reenactment, where no points are expected."""
    if protocol.reenactment is not Reenactment.SELF:
        return np.zeros((len(clips), len(DETECTORS), 0))
    driven_by = protocol.driven_by
    return np.array(
        [[landmark_errors(driven_by, detector, clip) for detector in DETECTORS] for clip in clips]
    )


def metric_name(metric: str, detector: EvaluatorName) -> str:
    """METRIC for our own detector, METRIC_DETECTOR for others."""
    return metric if detector is EvaluatorName.LANDMARKS else f"{metric}_{detector}"


def detector_points(detector: EvaluatorName, faces: Sequence[FaceMeasurements]) -> Points:
    """A detector's points of several images: (T, 74, 2)."""
    return np.stack([face.points_of(detector) for face in faces])


def _detected(detector: EvaluatorName, clip: ClipMeasurements) -> tuple[Points, Points]:
    return detector_points(detector, clip.output), detector_points(detector, clip.driver)


def _labelled(detector: EvaluatorName, clip: ClipMeasurements) -> tuple[Points, Points]:
    output = detector_points(detector, clip.output)
    return output[:, :IBUG_POINTS], clip.driving_points[:, :IBUG_POINTS]


POINTS: Mapping[DrivenBy, PointPair] = MappingProxyType(
    {DrivenBy.DETECTOR: _detected, DrivenBy.LABELS: _labelled}
)


def _akd(points: PointPair, suffix: str) -> list[Metric]:
    return [
        ClipMetric(
            name=metric_name("akd", detector) + suffix.replace(" ", "_"),
            label=f"AKD{suffix} ({detector})",
            better=Better.LOWER,
            evaluator=detector,
            unit="px of 256",
            compute=partial(_keypoint_distance, points, detector),
        )
        for detector in DETECTORS
    ]


def _error_distribution(points: PointPair, suffix: str) -> list[Metric]:
    """Two figures of the cumulative error distribution (Songsri-in & Zafeiriou 2019)."""
    return [
        ClipMetric(
            name=metric_name(name, detector) + suffix.replace(" ", "_"),
            label=f"{label}{suffix} ({detector})",
            better=better,
            evaluator=detector,
            unit=unit,
            compute=partial(_of_frame_errors, sum_up, points, detector),
        )
        for name, label, better, unit, sum_up in (
            ("auc", "AUC@0.1", Better.HIGHER, "", auc),
            ("failures", "failures@0.1", Better.LOWER, "%", failures),
        )
        for detector in DETECTORS
    ]


def _aed() -> Metric:
    return ClipMetric(
        name="aed",
        label="AED (distance of faces)",
        better=Better.LOWER,
        evaluator=EvaluatorName.FACE_REID,
        compute=_embedding_distance,
    )


def _keypoint_distance(points: PointPair, detector: EvaluatorName, clip: ClipMeasurements) -> float:
    output, expected = points(detector, clip)
    return average_keypoint_distance(output, expected, clip.longer_side)


def _of_frame_errors(
    sum_up: Callable[[Array], float],
    points: PointPair,
    detector: EvaluatorName,
    clip: ClipMeasurements,
) -> float:
    return sum_up(frame_errors(*points(detector, clip)))


def _embedding_distance(clip: ClipMeasurements) -> float:
    output, driver = (
        np.stack([face.embedding for face in faces]) for faces in (clip.output, clip.driver)
    )
    return average_distance(output, driver)
