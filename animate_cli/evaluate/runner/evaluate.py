"""`evaluate` runs every candidate on every clip pair and returns the `Result`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from animate_cli import hub
from animate_cli.errors import DataError, FaceError, MediaError
from animate_cli.evaluate.clips.candidate import Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.metrics.catalog import metric_catalog
from animate_cli.evaluate.metrics.images.fid_accumulator import FidAccumulator
from animate_cli.evaluate.metrics.landmark_metrics import DETECTORS
from animate_cli.evaluate.metrics.landmarks.landmark_nme import CED_THRESHOLDS, ced
from animate_cli.evaluate.metrics.metric import Better, Metric, SetMetric
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorNetworks
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.result import MetricInfo, ModelResult, Result, SkippedPair
from animate_cli.evaluate.runner.clip_run import ClipEvaluator, ClipScores, motion_options
from animate_cli.evaluate.runner.clip_scorer import Array
from animate_cli.evaluate.runner.observer import EvaluationObserver
from animate_cli.options import ComputeOptions
from animate_cli.report import versions
from animate_cli.typed import plain

OWN_EVALUATORS = ("landmarks", "shape")  # our own networks, behind metrics of every evaluation


@dataclass(frozen=True, kw_only=True, eq=False)
class AllScores:
    """The scores of all pairs.

    scores (pairs, candidates, metrics): NaN where a metric has no value; fids (candidates,);
    landmark_errors (candidates, detectors, frames): of all pairs' scored frames together;
    seconds (candidates,): spent on rendering all frames.
    """

    pairs: tuple[str, ...]
    drivers_sha256: tuple[str, ...]
    skipped: tuple[SkippedPair, ...]
    scores: Array
    fids: Array
    landmark_errors: Array
    seconds: Array
    frames: int
    scored: int
    lost: int


def evaluate(
    candidates: Sequence[Candidate],
    pairs: Sequence[ClipPair],
    evaluators: EvaluatorNetworks,
    *,
    protocol: Protocol,
    data: Path,
    split: str,
    compute: ComputeOptions,
    observer: EvaluationObserver,
    tracker: ClipTracker | None = None,
) -> Result:
    """Run every candidate on every pair and score it.

    data, split: written into the result; tracker: of the clips that are tracked already, None: no
    clip is.

    Raises:
        AnimateError: nothing could be scored, or weights or a model are missing.
    """
    metrics = metric_catalog(protocol, evaluators)
    clip_evaluator = ClipEvaluator(
        candidates, evaluators, metrics, protocol, compute, tracker=tracker
    )
    found = _score_all(clip_evaluator, pairs, len(candidates), observer)
    needs = {one.evaluator: one.needs for one in evaluators.absent}
    return Result(
        protocol=_fields(protocol),
        data=str(data),
        split=split,
        pairs=found.pairs,
        drivers_sha256=found.drivers_sha256,
        skipped=found.skipped,
        frames=found.frames,
        scored=found.scored,
        lost=found.lost,
        metrics=tuple(_metric_info(one, needs.get(one.evaluator, "")) for one in metrics),
        models=tuple(
            _model_result(one, number, metrics, protocol, found)
            for number, one in enumerate(candidates)
        ),
        evaluators={used.name: used.sha256 for used in map(hub.used, OWN_EVALUATORS)},
        versions={one.package: one.version for one in versions()},
    )


def _score_all(
    clip_evaluator: ClipEvaluator,
    pairs: Sequence[ClipPair],
    candidates: int,
    observer: EvaluationObserver,
) -> AllScores:
    """Pairs whose files cannot be read or show no face are skipped."""
    scored: list[tuple[ClipPair, ClipScores]] = []
    skipped: list[SkippedPair] = []
    fid = FidAccumulator(candidates)
    for number, pair in enumerate(pairs):
        observer.on_pair_start(number, pair)
        try:
            scores = clip_evaluator.run(pair, observer.on_frame)
        except (DataError, FaceError, MediaError) as error:
            skipped.append(SkippedPair(name=pair.name, reason=error.message))
        else:
            fid.add(scores.features)
            scored.append((pair, scores.without_features()))
            observer.on_pair_end(pair)
    if not scored:
        raise FaceError(
            f"none of the {len(pairs)} clips could be scored: {skipped[0].reason}",
            hint="give clips with a face in every first frame",
        )
    by_pair = [scores for _, scores in scored]
    return AllScores(
        pairs=tuple(pair.name for pair, _ in scored),
        drivers_sha256=tuple(one.driver_sha256 for one in by_pair),
        skipped=tuple(skipped),
        scores=np.stack([one.scores for one in by_pair]),
        fids=fid.distances(),
        landmark_errors=np.concatenate([one.landmark_errors for one in by_pair], axis=2),
        seconds=np.sum([one.seconds for one in by_pair], axis=0),
        frames=sum(one.frames for one in by_pair),
        scored=sum(one.scored for one in by_pair),
        lost=sum(one.lost for one in by_pair),
    )


def _metric_info(metric: Metric, needs: str) -> MetricInfo:
    return MetricInfo(
        name=metric.name,
        label=metric.label,
        is_lower_better=metric.better is Better.LOWER,
        unit=metric.unit,
        evaluator=metric.evaluator.value,
        needs=needs,
    )


def _model_result(
    candidate: Candidate,
    number: int,
    metrics: Sequence[Metric],
    protocol: Protocol,
    found: AllScores,
) -> ModelResult:
    scores = found.scores[:, number]
    return ModelResult(
        name=candidate.name,
        model=candidate.model,
        weights=candidate.weights,
        sha256=candidate.sha256,
        trained_on=candidate.trained_on,
        motion=_fields(motion_options(candidate, protocol)) if candidate.model else None,
        scores=scores,
        means=np.array(
            [
                found.fids[number] if isinstance(metric, SetMetric) else _mean(scores[:, column])
                for column, metric in enumerate(metrics)
            ]
        ),
        trained_metrics=frozenset(
            one.name for one in metrics if candidate.was_trained_on(one.evaluator)
        ),
        ced={
            detector.value: tuple(ced(errors, np.array(CED_THRESHOLDS)).tolist())
            for detector, errors in zip(DETECTORS, found.landmark_errors[number], strict=True)
            if np.isfinite(errors).any()
        },
        ms_per_frame=float(1000 * found.seconds[number] / found.frames),
    )


def _fields(record: object) -> dict[str, object]:
    """A record's fields as JSON has them."""
    fields: dict[str, object] = plain(record)
    return fields


def _mean(scores: Array) -> float:
    known = scores[np.isfinite(scores)]
    return float(known.mean()) if len(known) else math.nan
