"""Metrics of a whole clip: identity, and whether the output moves as its driver does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from animate_cli.evaluate.metrics.face_measurements import FaceMeasurements
from animate_cli.evaluate.metrics.landmark_metrics import DETECTORS, detector_points, metric_name
from animate_cli.evaluate.metrics.landmarks.aperture_correlation import (
    LIDS,
    LIPS,
    clip_apertures,
    correlation,
)
from animate_cli.evaluate.metrics.landmarks.jitter import jitter
from animate_cli.evaluate.metrics.landmarks.landmark_nme import Array
from animate_cli.evaluate.metrics.metric import (
    TRIPLES_EVERY,
    Better,
    ClipMeasurements,
    ClipMetric,
    Metric,
)
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName
from animate_cli.evaluate.metrics.networks.expression import expression_error
from animate_cli.evaluate.metrics.networks.gaze import gaze_error_deg
from animate_cli.evaluate.metrics.networks.head_pose import fitted_angles, pose_error_deg
from animate_cli.evaluate.metrics.networks.identity import cosine
from animate_cli.faces.shape3d.model import ShapeModel

Angles = Callable[[tuple[FaceMeasurements, ...]], Array]
"""Faces of one person -> yaw, pitch, roll (T, 3) in degrees."""


def motion_metrics(shape: ShapeModel) -> list[Metric]:
    """Identity, and apertures, pose, gaze and expression against the driver's."""
    motion = [*_apertures(), *_pose_errors(shape), _gaze(), _expression()]
    return [_identity(), *motion, _sms()]


def expression_metrics(shape: ShapeModel) -> list[Metric]:
    """The same where the driver gives its expression alone: the head should keep its pose. Gaze is
    left out, because the driver's gaze includes the turning of its head."""
    motion = [*_apertures(), *_pose_changes(shape), _expression()]
    return [_identity(), *motion, _sms()]


def _sms() -> Metric:
    return ClipMetric(
        name="sms",
        label=f"SMS (jitter, each {TRIPLES_EVERY}rd)",
        better=Better.LOWER,
        evaluator=EvaluatorName.LANDMARKS,
        unit="px of 256",
        compute=lambda clip: jitter(clip.triples, clip.longer_side),
        every=TRIPLES_EVERY,
    )


def _identity() -> Metric:
    return ClipMetric(
        name="identity",
        label="identity (cosine)",
        better=Better.HIGHER,
        evaluator=EvaluatorName.FACE_REID,
        compute=_identity_cosine,
    )


def _apertures() -> list[Metric]:
    return [
        ClipMetric(
            name=metric_name(f"{part}_corr", detector),
            label=f"{part} aperture (r, {detector})",
            better=Better.HIGHER,
            evaluator=detector,
            compute=partial(_aperture_correlation, detector, point_pairs),
        )
        for part, point_pairs in (("lids", LIDS), ("lips", LIPS))
        for detector in DETECTORS
    ]


def _pose_errors(shape: ShapeModel) -> list[Metric]:
    return [
        ClipMetric(
            name=f"pose_error_{evaluator}",
            label=f"pose error ({evaluator})",
            better=Better.LOWER,
            evaluator=evaluator,
            unit="deg",
            compute=partial(_pose_error, angles),
        )
        for evaluator, angles in _pose_evaluators(shape)
    ]


def _pose_changes(shape: ShapeModel) -> list[Metric]:
    return [
        ClipMetric(
            name=f"pose_moved_{evaluator}",
            label=f"pose change from the source ({evaluator})",
            better=Better.LOWER,
            evaluator=evaluator,
            unit="deg",
            compute=partial(_pose_change, angles),
        )
        for evaluator, angles in _pose_evaluators(shape)
    ]


def _pose_evaluators(shape: ShapeModel) -> tuple[tuple[EvaluatorName, Angles], ...]:
    """Our own shape model fitted to our landmarks, and the external head-pose network."""

    def fitted(faces: tuple[FaceMeasurements, ...]) -> Array:
        return fitted_angles(shape, detector_points(EvaluatorName.LANDMARKS, faces))

    def estimated(faces: tuple[FaceMeasurements, ...]) -> Array:
        return np.stack([face.pose_deg for face in faces])

    return ((EvaluatorName.SHAPE, fitted), (EvaluatorName.HEAD_POSE, estimated))


def _gaze() -> Metric:
    return ClipMetric(
        name="gaze_error",
        label="gaze error",
        better=Better.LOWER,
        evaluator=EvaluatorName.GAZE,
        unit="deg",
        compute=_gaze_error,
    )


def _expression() -> Metric:
    return ClipMetric(
        name="expression_error",
        label="expression error (7 classes)",
        better=Better.LOWER,
        evaluator=EvaluatorName.EXPRESSION,
        compute=_expression_error,
    )


def _pose_error(angles: Angles, clip: ClipMeasurements) -> float:
    outputs, drivers = angles((clip.source, *clip.output)), angles((clip.anchor, *clip.driver))
    return pose_error_deg(outputs[1:], outputs[0], drivers[1:], drivers[0])


def _pose_change(angles: Angles, clip: ClipMeasurements) -> float:
    """The pose error against a driver that does not move."""
    outputs = angles((clip.source, *clip.output))
    return pose_error_deg(outputs[1:], outputs[0], outputs[:1], outputs[0])


def _aperture_correlation(
    detector: EvaluatorName, point_pairs: tuple[tuple[int, int], ...], clip: ClipMeasurements
) -> float:
    output, driver = (
        clip_apertures(detector_points(detector, faces), point_pairs)
        for faces in (clip.output, clip.driver)
    )
    return correlation(output, driver)


def _identity_cosine(clip: ClipMeasurements) -> float:
    return cosine(np.stack([face.embedding for face in clip.output]), clip.source.embedding)


def _expression_error(clip: ClipMeasurements) -> float:
    output, driver = (
        np.stack([face.expression for face in faces]) for faces in (clip.output, clip.driver)
    )
    return expression_error(output, driver)


def _gaze_error(clip: ClipMeasurements) -> float:
    output, driver = (
        np.stack([face.gaze_deg for face in faces]) for faces in (clip.output, clip.driver)
    )
    points = detector_points(EvaluatorName.LANDMARKS, clip.driver)
    return gaze_error_deg(output, clip.source.gaze_deg, driver, clip.anchor.gaze_deg, points)
