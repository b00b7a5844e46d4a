"""An evaluation as a table on stdout: metrics down, entrants across."""

from __future__ import annotations

import math
import sys

from rich.console import Console
from rich.table import Table

from animate_cli.evaluate.entrant import BASELINES, STILL, Entrant
from animate_cli.evaluate.evaluation import Evaluation
from animate_cli.evaluate.metric import Better, Metric

REFERENCE = BASELINES[-1]
ARROW = {Better.LOWER: "↓", Better.HIGHER: "↑"}
PLAIN_WIDTH = 160  # columns, where stdout is no terminal


def show_scores(result: Evaluation) -> None:
    """Means over clips; in brackets the share of clips better than still; × the reference."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    screen = Console(file=sys.stdout, width=width, highlight=False)
    screen.print(score_table(result))
    for line in footnotes(result):
        screen.print(line, markup=False)


def score_table(result: Evaluation) -> Table:
    """The table itself."""
    p = result.protocol
    title = f"{p.reenactment}-reenactment, {len(result.takes)} takes, {result.scored} frames"
    table = Table(title=f"{title} (every {p.stride}.)", title_justify="left")
    table.add_column("metric")
    for entrant in result.entrants:
        table.add_column(entrant.name, justify="right", overflow="fold")
    for metric in result.metrics:
        cells = (_cell(result, metric, entrant) for entrant in result.entrants)
        needs = result.needs(metric)
        unit = f", {metric.unit}" if metric.unit else ""
        name = f"{metric.label}{unit} {ARROW[metric.better]}"
        table.add_row(name, *(["n/a"] * len(result.entrants) if needs else cells))
    times = (f"{ms:.1f}" if ms else "" for ms in result.ms_per_frame)
    table.add_row("ms per frame, to draw", *times, end_section=True)
    return table


def footnotes(result: Evaluation) -> list[str]:
    """What the marks mean, and what was not measured."""
    notes = [f"%: of takes better than {STILL};  ×: {REFERENCE}'s figure"]
    if any(e.learned_from(m.judge) for e in result.entrants for m in result.metrics):
        notes.append("†: trained on this judge, so its opinion is not independent")
    missing = {(a.judge.value, a.needs) for a in result.absent}
    used = {m.judge.value for m in result.metrics}
    notes += [f"n/a, {judge}: needs {needs}" for judge, needs in sorted(missing) if judge in used]
    if result.lost:
        notes.append(f"{result.lost} frames without a face are not scored")
    return notes


def _cell(result: Evaluation, metric: Metric, entrant: Entrant) -> str:
    mean = result.mean(entrant.name, metric.name)
    if math.isnan(mean):
        return "-"
    text = f"{mean:.4f}" if abs(mean) < 1 else f"{mean:.2f}"
    text += "†" if entrant.learned_from(metric.judge) else ""
    if entrant.name == STILL:
        return text
    share = result.beats_still(entrant.name, metric.name)
    reference = result.mean(REFERENCE, metric.name)
    ratio = "" if entrant.name == REFERENCE or not reference else f" ×{mean / reference:.2f}"
    return f"{text}{ratio} {100 * share:3.0f}%" if not math.isnan(share) else text + ratio
