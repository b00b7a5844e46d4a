"""`animate compare`: compares two results of `animate eval`, with confidence intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.options import Options

if TYPE_CHECKING:
    from rich.table import Table

    from animate_cli.evaluate.report.comparison import Comparison


@takes_options("output.overwrite")
@takes_json
def compare(
    *,
    first: Annotated[
        Path, typer.Argument(metavar="A.json", help="A result of `animate eval --json-to`.")
    ],
    second: Annotated[
        Path, typer.Argument(metavar="B.json", help="Another result on the same clips.")
    ],
    model_a: Annotated[
        str | None, typer.Option("--a", metavar="MODEL", help="The model of A. Default: its last.")
    ] = None,
    model_b: Annotated[
        str | None, typer.Option("--b", metavar="MODEL", help="The model of B. Default: its last.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")] = 0,
    options: Options,
    json_output: JsonOutput,
) -> None:
    """Compare two results clip by clip, with a 95 % bootstrap interval for every metric."""
    from animate_cli.cli.table_output import show_table
    from animate_cli.evaluate.report.comparison import compare as compare_results
    from animate_cli.evaluate.result import read_result

    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite, others=(first, second))
    one, other = read_result(first), read_result(second)
    found = compare_results(
        one, other, model_a or one.models[-1].name, model_b or other.models[-1].name, seed=seed
    )
    for name in found.left_out:
        console.warn(f"{name} is in only one of the results and is left out")
    json_output.write(json.dumps(_plain(found), indent=2), overwrite=overwrite)
    if not json_output.on_stdout:
        show_table(_table(found), [_FOOTNOTE])


_FOOTNOTE = "interval: of the mean B − A, by bootstrap over clips; undecided where it contains 0"


def _table(found: Comparison) -> Table:
    from rich.table import Table

    table = Table(title=f"A: {found.a}   B: {found.b}", title_justify="left")
    for head in ("metric", "A", "B", "B − A", "95 % interval", "B better on", "clips", "B is"):
        table.add_column(head, justify="left" if head in ("metric", "B is") else "right")
    for c in found.differences:
        table.add_row(
            c.metric.title,
            f"{c.a:.4g}",
            f"{c.b:.4g}",
            f"{c.b - c.a:+.3g}",
            f"{c.low:+.3g} … {c.high:+.3g}",
            f"{100 * c.b_better:.0f}%",
            str(c.pairs),
            c.conclusion,
        )
    return table


def _plain(found: Comparison) -> dict[str, object]:
    return {
        "a": found.a,
        "b": found.b,
        "left_out": list(found.left_out),
        "metrics": {
            c.metric.name: {
                "a": c.a,
                "b": c.b,
                "difference": c.b - c.a,
                "interval": [c.low, c.high],
                "b_better": c.b_better,
                "takes": c.pairs,
                "b_is": c.conclusion,
            }
            for c in found.differences
        },
    }
