"""An evaluation as a table on stdout: metrics down, entrants across."""

from __future__ import annotations

from rich.table import Table

from animate_cli.cli.table_output import show_table
from animate_cli.evaluate.report.score_cells import footnotes, headline, row, times
from animate_cli.evaluate.result import Result
from animate_cli.evaluate.runner.evaluate import Evaluation


def show_scores(evaluation: Evaluation) -> None:
    """Means over clips; × the reference; the share of clips better than still."""
    result = evaluation.result()
    show_table(score_table(result), footnotes(result))


def score_table(result: Result) -> Table:
    """The table itself."""
    table = Table(title=headline(result), title_justify="left")
    table.add_column("metric")
    for one in result.models:
        table.add_column(one.name, justify="right", overflow="fold")
    for measure in result.measures:
        table.add_row(measure.title, *map(str, row(result, measure)))
    table.add_row("ms per frame, to draw", *times(result), end_section=True)
    return table
