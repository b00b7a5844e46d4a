"""The one record of an evaluation's result.

`evaluate` returns it, `animate eval --json` writes it, and tables, HTML pages and `animate compare`
are made from it. The JSON keys are public: within one schema number, keys are only added. A pair of
clips is called a take there, and an evaluator network a judge.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import OptionError
from animate_cli.evaluate.clips.candidate import STILL
from animate_cli.evaluate.metrics.landmarks.landmark_nme import CED_THRESHOLDS

SCHEMA = 1
_HINT = "give an unchanged file of `animate eval --json FILE`"

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """A metric's description. evaluator: the network behind it, empty for plain arithmetic; needs:
    what a missing evaluator needs, empty where nothing is missing."""

    name: str
    label: str
    is_lower_better: bool
    unit: str = ""
    evaluator: str = ""
    needs: str = ""

    @property
    def title(self) -> str:
        """Label, unit, and an arrow towards better values."""
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.label}{unit} {'↓' if self.is_lower_better else '↑'}"

    def gain(self, scores: Array, others: Array) -> Array:
        """How much better the first are than the second, element by element."""
        return others - scores if self.is_lower_better else scores - others


@dataclass(frozen=True, kw_only=True)
class SkippedPair:
    """The name of a clip pair that could not be scored, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelResult:
    """One model's scores.

    model: its name in the registry, empty for the still source; weights: as given to `--model`,
    None: the model's own; trained_on: evaluators that supplied its training with a loss or labels;
    motion: its motion options, None for the still source.

    scores (pairs, metrics): NaN where a metric has no value; means (metrics,): over the pairs that
    have one, or for metrics of whole sets (FID) the value of all pairs together; trained_metrics:
    names of the metrics whose evaluator is in trained_on.

    ced: cumulative error distribution by landmark detector, at `CED_THRESHOLDS`.
    """

    name: str
    model: str
    weights: str | None
    sha256: str
    trained_on: tuple[str, ...]
    motion: Mapping[str, object] | None
    scores: Array
    means: Array
    trained_metrics: frozenset[str]
    ced: Mapping[str, tuple[float, ...]]
    ms_per_frame: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """A whole evaluation.

    protocol: the fields of `Protocol` by name; data, split: as given on the command line; pairs:
    names of the clip pairs; drivers_sha256: of each pair's driver file; frames: how many were
    rendered of all pairs; scored, lost: frames at the stride with and without a face; evaluators:
    sha256 of our own evaluator networks by name; versions: of Python and packages; origin: how
    messages name this result.
    """

    protocol: Mapping[str, object]
    data: str
    split: str
    pairs: tuple[str, ...]
    drivers_sha256: tuple[str, ...]
    skipped: tuple[SkippedPair, ...]
    frames: int
    scored: int
    lost: int
    metrics: tuple[MetricInfo, ...]
    models: tuple[ModelResult, ...]
    evaluators: Mapping[str, str]
    versions: Mapping[str, str]
    origin: str = "this evaluation"

    def model(self, name: str) -> ModelResult:
        """A model by its name.

        Raises:
            OptionError: it was not evaluated.
        """
        for one in self.models:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.models)
        raise OptionError(f"{self.origin}: no model named {name!r}", hint=f"it has {names}")

    def metric(self, name: str) -> MetricInfo:
        """A metric by its name; StopIteration where there is none."""
        return next(one for one in self.metrics if one.name == name)

    def column(self, model: str, metric: str) -> Array:
        """A model's scores by one metric: (pairs,)."""
        return self.model(model).scores[:, self.metrics.index(self.metric(metric))]

    def mean(self, model: str, metric: str) -> float:
        """Over the pairs that have a score; for metrics of whole sets, of all pairs together."""
        return float(self.model(model).means[self.metrics.index(self.metric(metric))])

    def better_share(self, model: str, other: str, metric: str) -> float:
        """Share of pairs on which a model is better than another; pairs without both scores do not
        count; NaN where none counts."""
        gain = self.metric(metric).gain(self.column(model, metric), self.column(other, metric))
        known = gain[np.isfinite(gain)]
        return float((known > 0).mean()) if len(known) else math.nan

    def to_json(self) -> str:
        """The content of a result file. NaN is null; times are kept apart from scores."""
        return json.dumps(_to_record(self), indent=2)


def read_result(path: Path) -> Result:
    """The result in a file that `animate eval --json` wrote.

    Raises:
        OptionError: the file cannot be read, is no result, or has another schema.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(f"{path}: cannot be read ({error})", hint=_HINT) from error
    return parse_result(record, str(path))


def parse_result(record: Any, origin: str) -> Result:
    """The result in decoded JSON. origin: how messages name it.

    Raises:
        OptionError: the JSON is no result, or has another schema.
    """
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != SCHEMA:
        hint = f"evaluate again: this version reads schema {SCHEMA}"
        raise OptionError(f"{origin}: not a result, or of schema {schema!r}", hint=hint)
    try:
        return _from_record(record, origin)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OptionError(f"{origin}: not a whole result ({error!r})", hint=_HINT) from error


def _to_record(result: Result) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "protocol": dict(result.protocol),
        "data": {
            "root": result.data,
            "split": result.split,
            "takes": list(result.pairs),
            "drivers_sha256": list(result.drivers_sha256),
            "skipped": [{"take": one.name, "reason": one.reason} for one in result.skipped],
            "frames": result.frames,
            "scored": result.scored,
            "lost": result.lost,
        },
        "metrics": {one.name: _metric_record(one) for one in result.metrics},
        "models": {one.name: _model_record(result, one) for one in result.models},
        "ced": {
            "places": list(CED_THRESHOLDS),
            "models": {
                one.name: {name: list(curve) for name, curve in one.ced.items()}
                for one in result.models
            },
        },
        "times": {"ms_per_frame": {one.name: _number(one.ms_per_frame) for one in result.models}},
        "judges": dict(result.evaluators),
        "versions": dict(result.versions),
    }


def _metric_record(metric: MetricInfo) -> dict[str, str]:
    better = "lower" if metric.is_lower_better else "higher"
    record = {"label": metric.label, "better": better, "unit": metric.unit}
    return record | {"judge": metric.evaluator} | ({"needs": metric.needs} if metric.needs else {})


def _model_record(result: Result, one: ModelResult) -> dict[str, object]:
    return {
        "model": one.model,
        "weights": one.weights,
        "sha256": one.sha256,
        "trained_on": list(one.trained_on),
        "motion": None if one.motion is None else dict(one.motion),
        "metrics": {
            metric.name: {
                "mean": _number(one.means[column]),
                "better_than_still": _number(result.better_share(one.name, STILL, metric.name)),
                "is_trained_on": metric.name in one.trained_metrics,
                "takes": [_number(value) for value in one.scores[:, column]],
            }
            for column, metric in enumerate(result.metrics)
        },
    }


def _from_record(record: dict[str, Any], origin: str) -> Result:
    data = record["data"]
    metrics = tuple(_metric_info(name, one) for name, one in record["metrics"].items())
    return Result(
        protocol=dict(record["protocol"]),
        data=str(data["root"]),
        split=str(data["split"]),
        pairs=tuple(map(str, data["takes"])),
        drivers_sha256=tuple(map(str, data["drivers_sha256"])),
        skipped=tuple(
            SkippedPair(name=str(one["take"]), reason=str(one["reason"])) for one in data["skipped"]
        ),
        frames=int(data["frames"]),
        scored=int(data["scored"]),
        lost=int(data["lost"]),
        metrics=metrics,
        models=tuple(_model_result(name, record, metrics) for name in record["models"]),
        evaluators=dict(record["judges"]),
        versions=dict(record["versions"]),
        origin=origin,
    )


def _metric_info(name: str, record: dict[str, Any]) -> MetricInfo:
    return MetricInfo(
        name=name,
        label=str(record["label"]),
        is_lower_better=record["better"] == "lower",
        unit=str(record["unit"]),
        evaluator=str(record["judge"]),
        needs=str(record.get("needs", "")),
    )


def _model_result(
    name: str, record: dict[str, Any], metrics: tuple[MetricInfo, ...]
) -> ModelResult:
    one, pairs = record["models"][name], len(record["data"]["takes"])
    by_metric = [one["metrics"][metric.name] for metric in metrics]
    columns = [[_value(value) for value in scores["takes"]] for scores in by_metric]
    motion, curves = one["motion"], record["ced"]["models"][name]
    return ModelResult(
        name=name,
        model=str(one["model"]),
        weights=None if one["weights"] is None else str(one["weights"]),
        sha256=str(one["sha256"]),
        trained_on=tuple(map(str, one["trained_on"])),
        motion=None if motion is None else dict(motion),
        scores=np.array(columns, np.float64).reshape(len(metrics), pairs).T,
        means=np.array([_value(scores["mean"]) for scores in by_metric], np.float64),
        trained_metrics=frozenset(
            metric.name
            for metric, scores in zip(metrics, by_metric, strict=True)
            if scores["is_trained_on"]
        ),
        ced={detector: tuple(map(float, curve)) for detector, curve in curves.items()},
        ms_per_frame=_value(record["times"]["ms_per_frame"][name]),
    )


def _value(number: float | None) -> float:
    return math.nan if number is None else float(number)


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else float(value)
