"""Metrics of place: how near an entrant's landmarks are to where they should be.

That is where the same detector sees them in the driver's frame; under labels, where those say they
are, over the 68 points that every label names (Songsri-in & Zafeiriou 2019, section 4.2.4).
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

Places = Callable[[EvaluatorName, ClipMeasurements], tuple[Points, Points]]
"""A detector's points of the outputs, and where they should be: (T, K, 2) each."""


def landmark_metrics(driven_by: DrivenBy) -> list[Metric]:
    """How near to the driver's own face: self-reenactment's."""
    places = PLACES[driven_by]
    end = "" if driven_by is DrivenBy.DETECTOR else " to labels"
    return [*_distances(places, end), *_distributions(places, end), _aed()]


def landmark_errors(driven_by: DrivenBy, judge: EvaluatorName, p: ClipMeasurements) -> Array:
    """A detector's normalised mean distance in every frame: (T,), NaN where it is absent."""
    output, wanted = PLACES[driven_by](judge, p)
    if not np.isfinite(output).any():
        return np.full(len(output), np.nan)
    return frame_errors(output, wanted)


def all_landmark_errors(protocol: Protocol, shown: Sequence[ClipMeasurements]) -> Array:
    """Of all entrants and detectors: (entrants, detectors, T); T is 0 in cross-reenactment, where
    nobody knows where points should be."""
    if protocol.reenactment is not Reenactment.SELF:
        return np.zeros((len(shown), len(DETECTORS), 0))
    driven_by = protocol.driven_by
    return np.array([[landmark_errors(driven_by, judge, p) for judge in DETECTORS] for p in shown])


def named(metric: str, judge: EvaluatorName) -> str:
    """Our own detector's figure has the plain name."""
    return metric if judge is EvaluatorName.LANDMARKS else f"{metric}_{judge}"


def points_by(judge: EvaluatorName, readings: Sequence[FaceMeasurements]) -> Points:
    """A detector's points of several pictures: (T, 74, 2)."""
    return np.stack([reading.by(judge) for reading in readings])


def _seen(judge: EvaluatorName, p: ClipMeasurements) -> tuple[Points, Points]:
    return points_by(judge, p.output), points_by(judge, p.driver)


def _labelled(judge: EvaluatorName, p: ClipMeasurements) -> tuple[Points, Points]:
    return points_by(judge, p.output)[:, :IBUG_POINTS], p.driving[:, :IBUG_POINTS]


PLACES: Mapping[DrivenBy, Places] = MappingProxyType(
    {DrivenBy.DETECTOR: _seen, DrivenBy.LABELS: _labelled}
)


def _distances(places: Places, end: str) -> list[Metric]:
    return [
        ClipMetric(
            name=named("akd", judge) + end.replace(" ", "_"),
            label=f"AKD{end} ({judge})",
            better=Better.LOWER,
            judge=judge,
            unit="px of 256",
            of=partial(_distance, places, judge),
        )
        for judge in DETECTORS
    ]


def _distributions(places: Places, end: str) -> list[Metric]:
    """Songsri-in & Zafeiriou's figures of the cumulative error distribution."""
    return [
        ClipMetric(
            name=named(name, judge) + end.replace(" ", "_"),
            label=f"{label}{end} ({judge})",
            better=better,
            judge=judge,
            unit=unit,
            of=partial(_distribution, sum_up, places, judge),
        )
        for name, label, better, unit, sum_up in (
            ("auc", "AUC@0.1", Better.HIGHER, "", auc),
            ("failures", "failures@0.1", Better.LOWER, "%", failures),
        )
        for judge in DETECTORS
    ]


def _aed() -> Metric:
    return ClipMetric(
        name="aed",
        label="AED (distance of faces)",
        better=Better.LOWER,
        judge=EvaluatorName.FACE_REID,
        of=_unlikeness,
    )


def _distance(places: Places, judge: EvaluatorName, p: ClipMeasurements) -> float:
    output, wanted = places(judge, p)
    return average_keypoint_distance(output, wanted, p.longer_side)


def _distribution(
    sum_up: Callable[[Array], float], places: Places, judge: EvaluatorName, p: ClipMeasurements
) -> float:
    return sum_up(frame_errors(*places(judge, p)))


def _unlikeness(p: ClipMeasurements) -> float:
    output, driver = (np.stack([r.embedding for r in rs]) for rs in (p.output, p.driver))
    return average_distance(output, driver)
