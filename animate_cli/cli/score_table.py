"""A result as a table on stdout: a row per metric, a column per model."""

from __future__ import annotations

from rich.table import Table

from animate_cli.cli.table_output import show_table
from animate_cli.evaluate.report.score_cells import footnotes, headline, row, times
from animate_cli.evaluate.result import Result


def show_scores(result: Result) -> None:
    """Print each metric's mean over clips, its ratio to the reference model, and the share of clips
    on which it is better than the still photo."""
    show_table(score_table(result), footnotes(result))


def score_table(result: Result) -> Table:
    """The table of a result."""
    table = Table(title=headline(result), title_justify="left")
    table.add_column("metric")
    for one in result.models:
        table.add_column(one.name, justify="right", overflow="fold")
    for metric in result.metrics:
        table.add_row(metric.title, *map(str, row(result, metric)))
    table.add_row("rendering, ms per frame", *times(result), end_section=True)
    return table
