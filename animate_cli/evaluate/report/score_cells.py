"""The cells of a result's table as text: a row per metric, a column per model.

The command line and the HTML page both print them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from animate_cli.evaluate.clips.candidate import BASELINES, STILL
from animate_cli.evaluate.result import MetricInfo, ModelResult, Result

REFERENCE = BASELINES[-1]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """score: the mean over clip pairs, with † where the model was trained on the evaluator, "-"
    where there is none; ratio: to the reference model's score; share: of pairs on which the model
    is better than the still source."""

    score: str
    ratio: str = ""
    share: str = ""

    def __str__(self) -> str:
        share = f"{self.share:>4}" if self.share else ""
        return " ".join(part for part in (self.score, self.ratio, share) if part)


def headline(result: Result) -> str:
    """The protocol and the amount of data, in one line."""
    p = result.protocol
    amount = f"{len(result.pairs)} clips, {result.scored} frames (every {p['stride']}.)"
    return f"{p['reenactment']}-reenactment, {amount}"


def row(result: Result, metric: MetricInfo) -> list[Cell]:
    """The row of a metric: a cell per model."""
    if metric.needs:
        return [Cell(score="n/a")] * len(result.models)
    return [_cell(result, metric, one) for one in result.models]


def times(result: Result) -> list[str]:
    """Milliseconds per rendered frame by model; empty for the still source."""
    return [f"{one.ms_per_frame:.1f}" if one.ms_per_frame else "" for one in result.models]


def footnotes(result: Result) -> list[str]:
    """The meaning of the marks, missing evaluators, and the number of lost frames."""
    notes = [f"%: of clips better than {STILL};  ×: ratio to {REFERENCE}"]
    if any(one.trained_metrics for one in result.models):
        notes.append("†: the model was trained on this evaluator, so the score is not independent")
    missing = sorted({(m.evaluator, m.needs) for m in result.metrics if m.needs})
    notes += [f"n/a, {evaluator}: needs {needs}" for evaluator, needs in missing]
    if result.lost:
        notes.append(f"{result.lost} frames without a face are not scored")
    return notes


def number(value: float) -> str:
    """A number as tables print it."""
    if math.isnan(value):
        return "-"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"


def _cell(result: Result, metric: MetricInfo, one: ModelResult) -> Cell:
    mean = result.mean(one.name, metric.name)
    if math.isnan(mean):
        return Cell(score="-")
    names = {model.name for model in result.models}
    score = number(mean) + ("†" if metric.name in one.trained_metrics else "")
    if one.name == STILL:
        return Cell(score=score)
    share = result.better_share(one.name, STILL, metric.name) if STILL in names else math.nan
    reference = result.mean(REFERENCE, metric.name) if REFERENCE in names else 0.0
    has_ratio = one.name != REFERENCE and bool(reference)
    return Cell(
        score=score,
        ratio=f"×{mean / reference:.2f}" if has_ratio else "",
        share="" if math.isnan(share) else f"{100 * share:.0f}%",
    )
