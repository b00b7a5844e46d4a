"""`evaluate`: all takes, all entrants, all metrics; and the record that comes of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from animate_cli import hub
from animate_cli.errors import DataError, FaceError, MediaError
from animate_cli.evaluate.clips.candidate import STILL, Candidate
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.metrics.catalog import metric_catalog
from animate_cli.evaluate.metrics.images.fid_accumulator import FidAccumulator
from animate_cli.evaluate.metrics.landmark_metrics import DETECTORS
from animate_cli.evaluate.metrics.landmarks.landmark_nme import CED_PLACES, ced
from animate_cli.evaluate.metrics.metric import Better, Metric, SetMetric
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorNetworks, MissingEvaluator
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.result import SCHEMA, Result, parse_result
from animate_cli.evaluate.runner.clip_run import ClipEvaluator, ClipScores, ScoredFrame, motion_of
from animate_cli.evaluate.runner.clip_scorer import Array
from animate_cli.options import ComputeOptions
from animate_cli.report import versions
from animate_cli.typed import plain

OWN_JUDGES = ("landmarks", "shape")  # weights that every evaluation depends on


@dataclass(frozen=True, kw_only=True)
class SkippedClip:
    """A take that nobody could be tried on, and why."""

    take: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """figures (takes, entrants, metrics), NaN where there is none; place_errors (entrants,
    detectors, frames): of all takes' scored frames together; set_distances (entrants,): of set
    metrics; ms_per_frame (entrants,): what
    drawing takes (retarget, render, upscale, paste back); not part of the figures."""

    protocol: Protocol
    data: str
    split: str
    entrants: tuple[Candidate, ...]
    metrics: tuple[Metric, ...]
    absent: tuple[MissingEvaluator, ...]
    takes: tuple[str, ...]
    drivers_sha256: tuple[str, ...]
    skipped: tuple[SkippedClip, ...]
    figures: Array
    place_errors: Array
    set_distances: Array
    frames: int
    scored: int
    lost: int
    ms_per_frame: Array

    def mean(self, entrant: str, metric: str) -> float:
        """Over takes; of a set metric, the set's; NaN where there is none."""
        if any(isinstance(one, SetMetric) and one.name == metric for one in self.metrics):
            return float(self.set_distances[[e.name for e in self.entrants].index(entrant)])
        return _mean(self.column(entrant, metric))

    def column(self, entrant: str, metric: str) -> Array:
        """One figure per take."""
        names = [one.name for one in self.entrants], [one.name for one in self.metrics]
        return self.figures[:, names[0].index(entrant), names[1].index(metric)]

    def beats_still(self, entrant: str, metric: str) -> float:
        """Share of takes on which it is better than the still source."""
        return better_share(
            self.column(entrant, metric), self.column(STILL, metric), self._better(metric)
        )

    def needs(self, metric: Metric) -> str:
        """What an absent judge of this metric would need; empty if it is here."""
        return next((a.needs for a in self.absent if a.judge == metric.judge), "")

    def result(self) -> Result:
        """As whoever reads the file will see it."""
        return parse_result(json.loads(self.to_json()), Path("evaluation"))

    def to_json(self) -> str:
        """One object; numbers that there are not are null. Times stand apart from figures."""
        result = {
            "schema": SCHEMA,
            "protocol": plain(self.protocol),
            "data": {
                "root": self.data,
                "split": self.split,
                "takes": list(self.takes),
                "drivers_sha256": list(self.drivers_sha256),
                "skipped": plain(self.skipped),
                "frames": self.frames,
                "scored": self.scored,
                "lost": self.lost,
            },
            "metrics": {m.name: self._definition(m) for m in self.metrics},
            "models": {e.name: self._result(e) for e in self.entrants},
            "ced": self._curves(),
            "times": {
                "ms_per_frame": {
                    e.name: _number(ms)
                    for e, ms in zip(self.entrants, self.ms_per_frame, strict=True)
                }
            },
            "judges": {used.name: used.sha256 for used in map(hub.used, OWN_JUDGES)},
            "versions": {v.package: v.version for v in versions()},
        }
        return json.dumps(result, indent=2)

    def _better(self, metric: str) -> Better:
        return next(one.better for one in self.metrics if one.name == metric)

    def _definition(self, metric: Metric) -> dict[str, str]:
        said = {
            "label": metric.label,
            "better": metric.better.value,
            "unit": metric.unit,
            "judge": metric.judge.value,
        }
        return said | ({"needs": self.needs(metric)} if self.needs(metric) else {})

    def _curves(self) -> dict[str, object]:
        """Cumulative error distributions over frames, of the detectors that are here."""
        places = np.array(CED_PLACES)
        return {
            "places": list(CED_PLACES),
            "models": {
                entrant.name: {
                    judge.value: ced(errors, places).tolist()
                    for judge, errors in zip(DETECTORS, all_errors, strict=True)
                    if np.isfinite(errors).any()
                }
                for entrant, all_errors in zip(self.entrants, self.place_errors, strict=True)
            },
        }

    def _result(self, entrant: Candidate) -> dict[str, object]:
        return {
            "model": entrant.model,
            "weights": entrant.weights,
            "sha256": entrant.sha256,
            "trained_on": list(entrant.trained_on),
            "motion": plain(motion_of(entrant, self.protocol)) if entrant.model else None,
            "metrics": {
                m.name: {
                    "mean": _number(self.mean(entrant.name, m.name)),
                    "better_than_still": _number(self.beats_still(entrant.name, m.name)),
                    "is_trained_on": entrant.learned_from(m.judge),
                    "takes": [_number(v) for v in self.column(entrant.name, m.name)],
                }
                for m in self.metrics
            },
        }


class EvaluationObserver:
    """Who follows an evaluation; this one keeps quiet."""

    def begins(self, number: int, take: ClipPair) -> None:
        """A take, counted from 0, is about to be tried."""

    def sees(self, shown: ScoredFrame) -> None:
        """A frame was scored."""

    def ends(self, take: ClipPair) -> None:
        """All frames of the take were scored; not called for one that is skipped."""


class EvaluationObservers(EvaluationObserver):
    """Several at once."""

    def __init__(self, *audiences: EvaluationObserver) -> None:
        self._audiences = audiences

    def begins(self, number: int, take: ClipPair) -> None:
        """To all."""
        for one in self._audiences:
            one.begins(number, take)

    def sees(self, shown: ScoredFrame) -> None:
        """To all."""
        for one in self._audiences:
            one.sees(shown)

    def ends(self, take: ClipPair) -> None:
        """To all."""
        for one in self._audiences:
            one.ends(take)


def evaluate(
    entrants: Sequence[Candidate],
    takes: Sequence[ClipPair],
    judges: EvaluatorNetworks,
    *,
    protocol: Protocol,
    data: Path,
    split: str,
    compute: ComputeOptions,
    audience: EvaluationObserver,
    kept: Path | None = None,
) -> Evaluation:
    """Try every entrant on every take.

    kept: a folder of trajectories that are known already; None: none are.

    Raises:
        AnimateError: nothing could be scored; weights or a model are missing.
    """
    metrics = metric_catalog(protocol, judges)
    heard: list[tuple[ClipPair, ClipScores]] = []
    sets = FidAccumulator(len(entrants))
    skipped: list[SkippedClip] = []
    with TemporaryDirectory() as folder:
        court = ClipEvaluator(
            entrants, judges, metrics, protocol, compute, kept=kept or Path(folder)
        )
        for number, take in enumerate(takes):
            audience.begins(number, take)
            try:
                verdict = court.run(take, audience.sees)
            except (DataError, FaceError, MediaError) as error:
                skipped.append(SkippedClip(take=take.name, reason=error.message))
            else:
                sets.add(verdict.features)
                heard.append((take, verdict.without_features()))
                audience.ends(take)
    if not heard:
        raise FaceError(
            f"none of the {len(takes)} clips could be scored: {skipped[0].reason}",
            hint="give clips with a face in every first frame",
        )
    verdicts = [verdict for _, verdict in heard]
    frames = sum(v.frames for v in verdicts)
    return Evaluation(
        protocol=protocol,
        data=str(data),
        split=split,
        entrants=tuple(entrants),
        metrics=tuple(metrics),
        absent=judges.absent,
        takes=tuple(take.name for take, _ in heard),
        drivers_sha256=tuple(verdict.driver_sha256 for verdict in verdicts),
        skipped=tuple(skipped),
        figures=np.stack([v.figures for v in verdicts]),
        set_distances=sets.distances(),
        place_errors=np.concatenate([v.place_errors for v in verdicts], axis=2),
        frames=frames,
        scored=sum(v.scored for v in verdicts),
        lost=sum(v.lost for v in verdicts),
        ms_per_frame=1000 * np.sum([v.seconds for v in verdicts], axis=0) / frames,
    )


def better_share(figures: Array, still: Array, better: Better) -> float:
    """Share of takes, of those on which both have a figure, with the better one here."""
    both = np.isfinite(figures) & np.isfinite(still)
    if not both.any():
        return math.nan
    gain = figures[both] - still[both]
    return float((gain < 0 if better is Better.LOWER else gain > 0).mean())


def _mean(figures: Array) -> float:
    known = figures[np.isfinite(figures)]
    return float(known.mean()) if len(known) else math.nan


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else float(value)
