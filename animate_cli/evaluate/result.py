"""A result file of `animate eval` as records: what comparisons, pages and tables are made from.

Only what is used is read; other keys may come and go within a schema.
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

SCHEMA = 1

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MetricInfo:
    """A metric as a result file tells of it. needs: what an absent judge would need."""

    name: str
    label: str
    is_lower_better: bool
    unit: str = ""
    judge: str = ""
    needs: str = ""

    @property
    def title(self) -> str:
        """For the head of a row: label, unit, and which way is good."""
        unit = f", {self.unit}" if self.unit else ""
        return f"{self.label}{unit} {'↓' if self.is_lower_better else '↑'}"

    def gain(self, figures: Array, others: Array) -> Array:
        """How much better the first are than the second, element by element."""
        return others - figures if self.is_lower_better else figures - others


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipResult:
    """One model's part. figures (takes, metrics), NaN where there is none; learned: names of
    metrics whose judge it was trained on; means (metrics,): as written, for metrics of all takes
    together, which have no figure for each."""

    name: str
    model: str
    sha256: str
    trained_on: tuple[str, ...]
    learned: frozenset[str]
    figures: Array
    means: Array
    ms_per_frame: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """A whole result. protocol: its fields by name, as they were written."""

    path: Path
    protocol: Mapping[str, object]
    data: str
    split: str
    takes: tuple[str, ...]
    drivers_sha256: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    frames: int
    scored: int
    lost: int
    measures: tuple[MetricInfo, ...]
    models: tuple[ClipResult, ...]
    judges: Mapping[str, str]
    versions: Mapping[str, str]

    def model(self, name: str) -> ClipResult:
        """By its name.

        Raises:
            OptionError: it was not scored.
        """
        for one in self.models:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.models)
        raise OptionError(f"{self.path}: no model named {name!r}", hint=f"it has {names}")

    def column(self, model: str, metric: str) -> Array:
        """One figure per take."""
        place = [one.name for one in self.measures].index(metric)
        return self.model(model).figures[:, place]

    def mean(self, model: str, metric: str) -> float:
        """Over the takes that have a figure; where none has, of all takes together, or NaN."""
        column = self.column(model, metric)
        known = column[np.isfinite(column)]
        if len(known):
            return float(known.mean())
        return float(self.model(model).means[[one.name for one in self.measures].index(metric)])

    def better_share(self, model: str, other: str, measure: MetricInfo) -> float:
        """Share of takes on which a model is better than another, of those that have both."""
        gain = measure.gain(self.column(model, measure.name), self.column(other, measure.name))
        known = gain[np.isfinite(gain)]
        return float((known > 0).mean()) if len(known) else math.nan


def read_result(path: Path) -> Result:
    """A file that `animate eval --json` has written.

    Raises:
        OptionError: it cannot be read, is something else, or of another schema.
    """
    hint = "give a file written by `animate eval --json FILE`"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(f"{path}: cannot be read ({error})", hint=hint) from error
    return parse_result(told, path)


def parse_result(told: Any, path: Path) -> Result:
    """The same from what JSON says; path: for messages.

    Raises:
        OptionError: it is something else, or of another schema.
    """
    schema = told.get("schema") if isinstance(told, dict) else None
    if schema != SCHEMA:
        hint = f"evaluate again: this version reads schema {SCHEMA}"
        raise OptionError(f"{path}: not a result, or of schema {schema!r}", hint=hint)
    try:
        return _result(told, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "give a file written by `animate eval --json FILE`, unchanged"
        raise OptionError(f"{path}: not a whole result ({error!r})", hint=hint) from error


def _result(told: dict[str, Any], path: Path) -> Result:
    data = told["data"]
    measures = tuple(_measure(name, one) for name, one in told["metrics"].items())
    times = told["times"]["ms_per_frame"]
    return Result(
        path=path,
        protocol=dict(told["protocol"]),
        data=str(data["root"]),
        split=str(data["split"]),
        takes=tuple(map(str, data["takes"])),
        drivers_sha256=tuple(map(str, data["drivers_sha256"])),
        skipped=tuple((str(one["take"]), str(one["reason"])) for one in data["skipped"]),
        frames=int(data["frames"]),
        scored=int(data["scored"]),
        lost=int(data["lost"]),
        measures=measures,
        models=tuple(
            _scored(name, one, measures, times.get(name), len(data["takes"]))
            for name, one in told["models"].items()
        ),
        judges=dict(told["judges"]),
        versions=dict(told["versions"]),
    )


def _measure(name: str, told: dict[str, Any]) -> MetricInfo:
    return MetricInfo(
        name=name,
        label=str(told["label"]),
        is_lower_better=told["better"] == "lower",
        unit=str(told["unit"]),
        judge=str(told["judge"]),
        needs=str(told.get("needs", "")),
    )


def _scored(
    name: str,
    told: dict[str, Any],
    measures: tuple[MetricInfo, ...],
    ms_per_frame: float | None,
    takes: int,
) -> ClipResult:
    columns = [[_float(v) for v in told["metrics"][m.name]["takes"]] for m in measures]
    return ClipResult(
        name=name,
        model=str(told["model"]),
        sha256=str(told["sha256"]),
        trained_on=tuple(map(str, told["trained_on"])),
        learned=frozenset(m.name for m in measures if told["metrics"][m.name]["is_trained_on"]),
        figures=np.array(columns, np.float64).reshape(len(measures), takes).T,
        means=np.array([_float(told["metrics"][m.name]["mean"]) for m in measures], np.float64),
        ms_per_frame=_float(ms_per_frame),
    )


def _float(value: float | None) -> float:
    """JSON has no NaN."""
    return math.nan if value is None else float(value)
