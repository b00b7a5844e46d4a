"""`animate study make|tally`: makes the page of a blind user study, and counts its votes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.errors import OptionError
from animate_cli.options import Options

app = typer.Typer(
    help="Blind user study: which model's results do people prefer?", no_args_is_help=True
)


@app.command()
@takes_options("output.overwrite")
def make(
    *,
    folders: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL=FOLDER...",
            help="A model's pictures or videos; those of one clip have the same file name in every "
            "folder.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = Path(
        "study.html"
    ),
    limit: Annotated[int, typer.Option("--limit", min=0, help="Ask about N clips; 0: all.")] = 0,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of the order of questions and of results.")
    ] = 0,
    options: Options,
) -> None:
    """Write a voting page without model names, and a key file with them beside it."""
    from animate_cli.evaluate.user_study.study import ask, key_of
    from animate_cli.evaluate.user_study.study_page import study_page
    from animate_cli.media.target import check_target, replacing

    key, overwrite = output.with_suffix(".key.json"), options.output.overwrite
    for path in (output, key):
        check_target(path, overwrite=overwrite)
    questions = ask(_named(folders), seed=seed, limit=limit)
    texts = {output: study_page(questions), key: json.dumps(key_of(questions), indent=2) + "\n"}
    for path, text in texts.items():
        with replacing(path, overwrite=overwrite) as part:
            part.write_text(text, encoding="utf-8")
    console.info(f"{len(questions)} questions; do not show {key} to those who vote")
    console.result(str(output))


@app.command()
@takes_options()
def tally(
    *,
    key: Annotated[Path, typer.Argument(help="The key file written beside the page.")],
    votes: Annotated[list[Path], typer.Argument(help="The files of votes that the page saved.")],
) -> None:
    """Count the votes: the share of each model, with its 95 % interval."""
    from rich.table import Table

    from animate_cli.cli.table_output import show_table
    from animate_cli.evaluate.user_study.study import tally as count

    found = count(key, votes)
    table = Table(title=f"{found.people} people, {found.votes} votes", title_justify="left")
    for head in ("model", "votes", "preferred", "95 % interval"):
        table.add_column(head, justify="left" if head == "model" else "right")
    for one in found.shares:
        share = f"{100 * one.share:.1f}%" if found.votes else "-"
        between = f"{100 * one.low:.1f}% … {100 * one.high:.1f}%"
        table.add_row(one.model, str(one.votes), share, between)
    show_table(
        table,
        ["one person's votes are not independent: with few people the intervals are too narrow"],
    )


def _named(folders: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in folders:
        name, is_named, folder = text.partition("=")
        path = Path(folder if is_named else text)
        name = name if is_named else path.name
        if name in found:
            raise OptionError(f"two folders are named {name!r}", hint="name them: MODEL=FOLDER")
        found[name] = path
    return found
