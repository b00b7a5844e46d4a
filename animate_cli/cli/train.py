"""`animate train RECIPE`: train a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli import hub
from animate_cli.cli import console
from animate_cli.cli.flags import takes_options
from animate_cli.options import Options

if TYPE_CHECKING:
    from animate_cli.train.loop import Logged


@takes_options("compute")
def train(
    *,
    recipe: Annotated[Path, typer.Argument(help="A recipe (.toml); examples/recipes has some.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder of checkpoints, weights and log."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder, instead of the recipe's.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Steps, instead of the recipe's.")
    ] = None,
    options: Options,
) -> None:
    """Train a network from a recipe; the same command again goes on where it stopped."""
    from animate_cli.device import open_device
    from animate_cli.train.loop import train as run
    from animate_cli.train.recipe import changed, read_recipe

    chosen = changed(read_recipe(recipe), data=data, steps=steps)
    open_device(options.compute)
    folder = output or hub.runs_dir() / chosen.name
    console.tell(f"checkpoints, weights and log: {folder}")
    trained = run(chosen, folder, on_log=_tell)
    console.tell(f"best score on dev after {trained.steps} steps: {trained.best:.4g}")
    console.result(str(trained.weights))


def _tell(logged: Logged) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in logged.figures.items())
    console.tell(f"step {logged.step} of {logged.steps}: {figures}")
