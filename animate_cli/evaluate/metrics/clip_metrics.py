"""Metrics of readings: what judges make of an entrant's whole clip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from animate_cli.evaluate.metrics.face_measurements import FaceMeasurements
from animate_cli.evaluate.metrics.landmark_metrics import DETECTORS, named, points_by
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


def motion_metrics(shape: ShapeModel) -> list[Metric]:
    """Whether it is the source's face and moves as the driver's does."""
    moves = [*_apertures(), *_poses(shape), _gaze_error(), _expression_error()]
    return [*_identity(), *moves, _sms()]


def expression_metrics(shape: ShapeModel) -> list[Metric]:
    """The same where the driver gives its expression alone: the head is to stand still. Gaze is
    not judged: the driver's turns with its head, in the camera's eyes."""
    moves = [*_apertures(), *_kept_poses(shape), _expression_error()]
    return [*_identity(), *moves, _sms()]


def _sms() -> Metric:
    return ClipMetric(
        name="sms",
        label=f"SMS (trembling, each {TRIPLES_EVERY}rd)",
        better=Better.LOWER,
        judge=EvaluatorName.LANDMARKS,
        unit="px of 256",
        of=lambda p: jitter(p.triples, p.longer_side),
        every=TRIPLES_EVERY,
    )


def _identity() -> list[Metric]:
    return [
        ClipMetric(
            name="identity",
            label="identity (cosine)",
            better=Better.HIGHER,
            judge=EvaluatorName.FACE_REID,
            of=_likeness,
        )
    ]


def _apertures() -> list[Metric]:
    return [
        ClipMetric(
            name=named(f"{part}_corr", judge),
            label=f"{part} follow (r, {judge})",
            better=Better.HIGHER,
            judge=judge,
            of=partial(_opening, judge, pairs),
        )
        for part, pairs in (("lids", LIDS), ("lips", LIPS))
        for judge in DETECTORS
    ]


def _poses(shape: ShapeModel) -> list[Metric]:
    return [
        ClipMetric(
            name=f"pose_error_{judge}",
            label=f"pose error ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="deg",
            of=partial(_pose_followed, angles),
        )
        for judge, angles in _pose_judges(shape)
    ]


def _kept_poses(shape: ShapeModel) -> list[Metric]:
    return [
        ClipMetric(
            name=f"pose_moved_{judge}",
            label=f"pose leaves the source's ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="deg",
            of=partial(_pose_kept, angles),
        )
        for judge, angles in _pose_judges(shape)
    ]


def _pose_judges(shape: ShapeModel) -> tuple[tuple[EvaluatorName, Angles], ...]:
    """Readings of one person -> yaw, pitch, roll (T, 3)."""

    def fitted(readings: tuple[FaceMeasurements, ...]) -> Array:
        return fitted_angles(shape, points_by(EvaluatorName.LANDMARKS, readings))

    def told(readings: tuple[FaceMeasurements, ...]) -> Array:
        return np.stack([reading.pose_deg for reading in readings])

    return ((EvaluatorName.SHAPE, fitted), (EvaluatorName.HEAD_POSE, told))


def _gaze_error() -> Metric:
    return ClipMetric(
        name="gaze_error",
        label="gaze error",
        better=Better.LOWER,
        judge=EvaluatorName.GAZE,
        unit="deg",
        of=_gaze,
    )


def _expression_error() -> Metric:
    return ClipMetric(
        name="expression_error",
        label="expression error (7 classes)",
        better=Better.LOWER,
        judge=EvaluatorName.EXPRESSION,
        of=_expression,
    )


def _pose_followed(angles: Angles, p: ClipMeasurements) -> float:
    outputs, drivers = angles((p.source, *p.output)), angles((p.anchor, *p.driver))
    return pose_error_deg(outputs[1:], outputs[0], drivers[1:], drivers[0])


def _pose_kept(angles: Angles, p: ClipMeasurements) -> float:
    """As if the driver stood still."""
    outputs = angles((p.source, *p.output))
    return pose_error_deg(outputs[1:], outputs[0], outputs[:1], outputs[0])


def _opening(
    judge: EvaluatorName, pairs: tuple[tuple[int, int], ...], p: ClipMeasurements
) -> float:
    output, driver = (clip_apertures(points_by(judge, rs), pairs) for rs in (p.output, p.driver))
    return correlation(output, driver)


def _likeness(p: ClipMeasurements) -> float:
    return cosine(np.stack([r.embedding for r in p.output]), p.source.embedding)


def _expression(p: ClipMeasurements) -> float:
    output, driver = (np.stack([r.expression for r in rs]) for rs in (p.output, p.driver))
    return expression_error(output, driver)


def _gaze(p: ClipMeasurements) -> float:
    output, driver = (np.stack([r.gaze_deg for r in rs]) for rs in (p.output, p.driver))
    points = points_by(EvaluatorName.LANDMARKS, p.driver)
    return gaze_error_deg(output, p.source.gaze_deg, driver, p.anchor.gaze_deg, points)
