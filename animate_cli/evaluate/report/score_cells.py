"""The cells of a result's table as text, for whoever draws it: metrics down, models across."""

from __future__ import annotations

import math
from dataclasses import dataclass

from animate_cli.evaluate.clips.candidate import BASELINES, STILL
from animate_cli.evaluate.result import ClipResult, MetricInfo, Result

REFERENCE = BASELINES[-1]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """figure: the mean over takes, † where its judge was trained on, "-" where there is none;
    ratio: to the reference; share: of takes better than the still source."""

    figure: str
    ratio: str = ""
    share: str = ""

    def __str__(self) -> str:
        share = f"{self.share:>4}" if self.share else ""
        return " ".join(part for part in (self.figure, self.ratio, share) if part)


def headline(result: Result) -> str:
    """What was done, in a line."""
    p = result.protocol
    what = f"{p['reenactment']}-reenactment, {len(result.takes)} takes, {result.scored} frames"
    return f"{what} (every {p['stride']}.)"


def row(result: Result, measure: MetricInfo) -> list[Cell]:
    """One metric, a cell per model."""
    if measure.needs:
        return [Cell(figure="n/a")] * len(result.models)
    return [_cell(result, measure, one) for one in result.models]


def times(result: Result) -> list[str]:
    """Milliseconds per frame; empty for the still source, which is not drawn."""
    return [f"{one.ms_per_frame:.1f}" if one.ms_per_frame else "" for one in result.models]


def footnotes(result: Result) -> list[str]:
    """What the marks mean, and what was not measured."""
    notes = [f"%: of takes better than {STILL};  ×: {REFERENCE}'s figure"]
    if any(one.learned for one in result.models):
        notes.append("†: trained on this judge, so its opinion is not independent")
    missing = sorted({(m.judge, m.needs) for m in result.measures if m.needs})
    notes += [f"n/a, {judge}: needs {needs}" for judge, needs in missing]
    if result.lost:
        notes.append(f"{result.lost} frames without a face are not scored")
    return notes


def number(value: float) -> str:
    """As tables show it."""
    if math.isnan(value):
        return "-"
    return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"


def _cell(result: Result, measure: MetricInfo, one: ClipResult) -> Cell:
    mean = result.mean(one.name, measure.name)
    if math.isnan(mean):
        return Cell(figure="-")
    names = {model.name for model in result.models}
    figure = number(mean) + ("†" if measure.name in one.learned else "")
    if one.name == STILL:
        return Cell(figure=figure)
    share = result.better_share(one.name, STILL, measure) if STILL in names else math.nan
    reference = result.mean(REFERENCE, measure.name) if REFERENCE in names else 0.0
    has_ratio = one.name != REFERENCE and bool(reference)
    return Cell(
        figure=figure,
        ratio=f"×{mean / reference:.2f}" if has_ratio else "",
        share="" if math.isnan(share) else f"{100 * share:.0f}%",
    )
