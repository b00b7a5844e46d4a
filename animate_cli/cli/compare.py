"""`animate compare`: which of two results is better, and how sure one can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.flags import takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.options import Options

if TYPE_CHECKING:
    from rich.table import Table

    from animate_cli.evaluate.report.comparison import Comparison


@takes_options("output.overwrite")
@takes_json
def compare(
    *,
    first: Annotated[Path, typer.Argument(metavar="A.json", help="A result of animate eval.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="Another one.")],
    model_a: Annotated[
        str | None, typer.Option("--a", metavar="MODEL", help="Of A; by default its last one.")
    ] = None,
    model_b: Annotated[
        str | None, typer.Option("--b", metavar="MODEL", help="Of B; by default its last one.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the bootstrap's draws.")] = 0,
    options: Options,
    json_output: JsonOutput,
) -> None:
    """Compare two results, take by take, with 95 % bootstrap intervals of every difference."""
    from animate_cli.cli.table_output import show_table
    from animate_cli.evaluate.report.comparison import compare as contrast
    from animate_cli.evaluate.result import read_result

    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite, others=(first, second))
    one, other = read_result(first), read_result(second)
    found = contrast(
        one, other, model_a or one.models[-1].name, model_b or other.models[-1].name, seed=seed
    )
    for name in found.left_out:
        console.warn(f"{name} is in one of the results only")
    json_output.write(json.dumps(_plain(found), indent=2), overwrite=overwrite)
    if not json_output.on_stdout:
        show_table(_table(found), [f"interval: 95 % of the mean difference, {_DRAWN}"])


_DRAWN = "takes drawn with replacement; undecided where it holds 0"


def _table(found: Comparison) -> Table:
    from rich.table import Table

    table = Table(title=f"A: {found.a}   B: {found.b}", title_justify="left")
    for head in ("metric", "A", "B", "B − A", "95 % interval", "B better on", "takes", "B is"):
        table.add_column(head, justify="left" if head in ("metric", "B is") else "right")
    for c in found.contrasts:
        table.add_row(
            c.measure.title,
            f"{c.a:.4g}",
            f"{c.b:.4g}",
            f"{c.b - c.a:+.3g}",
            f"{c.low:+.3g} … {c.high:+.3g}",
            f"{100 * c.b_better:.0f}%",
            str(c.takes),
            c.verdict,
        )
    return table


def _plain(found: Comparison) -> dict[str, object]:
    return {
        "a": found.a,
        "b": found.b,
        "left_out": list(found.left_out),
        "metrics": {
            c.measure.name: {
                "a": c.a,
                "b": c.b,
                "difference": c.b - c.a,
                "interval": [c.low, c.high],
                "b_better": c.b_better,
                "takes": c.takes,
                "b_is": c.verdict,
            }
            for c in found.contrasts
        },
    }
