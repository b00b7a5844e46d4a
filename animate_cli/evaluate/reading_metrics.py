"""Metrics of readings: what judges make of an entrant's whole clip."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from animate_cli.evaluate.aperture import LIDS, LIPS, aperture, correlation
from animate_cli.evaluate.bench import TRIPLES_EVERY
from animate_cli.evaluate.expression import expression_error
from animate_cli.evaluate.gaze import gaze_error_deg
from animate_cli.evaluate.identity import average_distance, cosine
from animate_cli.evaluate.judges import Judge
from animate_cli.evaluate.keypoint_distance import average_keypoint_distance, frame_errors
from animate_cli.evaluate.landmarks import Array, auc, failures
from animate_cli.evaluate.metric import Better, Metric, Performance, ReadingMetric
from animate_cli.evaluate.pose_error import fitted_angles, pose_error_deg
from animate_cli.evaluate.reading import Reading
from animate_cli.evaluate.trembling import trembling
from animate_cli.faces.shape import ShapeModel
from animate_cli.records import Points

DETECTORS = (Judge.LANDMARKS, Judge.OPENSEEFACE, Judge.PFLD)


def placed() -> list[Metric]:
    """How near to the driver's own face: self-reenactment's."""
    return [*_distances(), *_distributions(), _aed()]


def followed(shape: ShapeModel) -> list[Metric]:
    """Whether it is the source's face and moves as the driver's does."""
    return [*_identity(), *_apertures(), *_poses(shape), *_expressions(), _sms()]


def _sms() -> Metric:
    return ReadingMetric(
        name="sms",
        label=f"SMS (trembling, each {TRIPLES_EVERY}rd)",
        better=Better.LOWER,
        judge=Judge.LANDMARKS,
        unit="px of 256",
        of=lambda p: trembling(p.triples, p.longer_side),
        every=TRIPLES_EVERY,
    )


def _distances() -> list[Metric]:
    return [
        ReadingMetric(
            name=_named("akd", judge),
            label=f"AKD ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="px of 256",
            of=partial(_distance, judge),
        )
        for judge in DETECTORS
    ]


def _distributions() -> list[Metric]:
    """Songsri-in & Zafeiriou's figures of the cumulative error distribution."""
    return [
        ReadingMetric(
            name=_named(name, judge),
            label=f"{label} ({judge})",
            better=better,
            judge=judge,
            unit=unit,
            of=partial(_distribution, sum_up, judge),
        )
        for name, label, better, unit, sum_up in (
            ("auc", "AUC@0.1", Better.HIGHER, "", auc),
            ("failures", "failures@0.1", Better.LOWER, "%", failures),
        )
        for judge in DETECTORS
    ]


def _aed() -> Metric:
    return ReadingMetric(
        name="aed",
        label="AED (distance of faces)",
        better=Better.LOWER,
        judge=Judge.FACE_REID,
        of=_unlikeness,
    )


def _identity() -> list[Metric]:
    return [
        ReadingMetric(
            name="identity",
            label="identity (cosine)",
            better=Better.HIGHER,
            judge=Judge.FACE_REID,
            of=_likeness,
        )
    ]


def _apertures() -> list[Metric]:
    return [
        ReadingMetric(
            name=_named(f"{part}_corr", judge),
            label=f"{part} follow (r, {judge})",
            better=Better.HIGHER,
            judge=judge,
            of=partial(_opening, judge, pairs),
        )
        for part, pairs in (("lids", LIDS), ("lips", LIPS))
        for judge in DETECTORS
    ]


def _poses(shape: ShapeModel) -> list[Metric]:
    def fitted(p: Performance) -> float:
        outputs = fitted_angles(shape, _points(Judge.LANDMARKS, (p.source, *p.output)))
        drivers = fitted_angles(shape, _points(Judge.LANDMARKS, (p.anchor, *p.driver)))
        return pose_error_deg(outputs[1:], outputs[0], drivers[1:], drivers[0])

    def told(p: Performance) -> float:
        outputs = np.stack([r.pose_deg for r in p.output])
        drivers = np.stack([r.pose_deg for r in p.driver])
        return pose_error_deg(outputs, p.source.pose_deg, drivers, p.anchor.pose_deg)

    both = ((Judge.SHAPE, fitted), (Judge.HEAD_POSE, told))
    return [
        ReadingMetric(
            name=f"pose_error_{judge}",
            label=f"pose error ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="deg",
            of=of,
        )
        for judge, of in both
    ]


def _expressions() -> list[Metric]:
    return [
        ReadingMetric(
            name="gaze_error",
            label="gaze error",
            better=Better.LOWER,
            judge=Judge.GAZE,
            unit="deg",
            of=_gaze,
        ),
        ReadingMetric(
            name="expression_error",
            label="expression error (7 classes)",
            better=Better.LOWER,
            judge=Judge.EXPRESSION,
            of=_expression,
        ),
    ]


def _named(metric: str, judge: Judge) -> str:
    """Our own detector's figure has the plain name."""
    return metric if judge is Judge.LANDMARKS else f"{metric}_{judge}"


def _points(judge: Judge, readings: tuple[Reading, ...]) -> Points:
    """A detector's points of several pictures: (T, 74, 2)."""
    return np.stack([reading.by(judge) for reading in readings])


def _distance(judge: Judge, p: Performance) -> float:
    output, driver = _points(judge, p.output), _points(judge, p.driver)
    return average_keypoint_distance(output, driver, p.longer_side)


def _distribution(sum_up: Callable[[Array], float], judge: Judge, p: Performance) -> float:
    return sum_up(frame_errors(_points(judge, p.output), _points(judge, p.driver)))


def _opening(judge: Judge, pairs: tuple[tuple[int, int], ...], p: Performance) -> float:
    output, driver = (aperture(_points(judge, rs), pairs) for rs in (p.output, p.driver))
    return correlation(output, driver)


def _likeness(p: Performance) -> float:
    return cosine(np.stack([r.embedding for r in p.output]), p.source.embedding)


def _unlikeness(p: Performance) -> float:
    output, driver = (np.stack([r.embedding for r in rs]) for rs in (p.output, p.driver))
    return average_distance(output, driver)


def _expression(p: Performance) -> float:
    output, driver = (np.stack([r.expression for r in rs]) for rs in (p.output, p.driver))
    return expression_error(output, driver)


def _gaze(p: Performance) -> float:
    output, driver = (np.stack([r.gaze_deg for r in rs]) for rs in (p.output, p.driver))
    points = _points(Judge.LANDMARKS, p.driver)
    return gaze_error_deg(output, p.source.gaze_deg, driver, p.anchor.gaze_deg, points)
