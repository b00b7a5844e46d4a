"""`animate train RECIPE`: train a network."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli import hub
from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.options import Options

if TYPE_CHECKING:
    from rich.progress import Progress

    from animate_cli.train.engine.loop import LogEntry
    from animate_cli.train.recipe import Recipe

    OnLogged = Callable[[LogEntry], None]


@takes_options("compute")
def train(
    *,
    recipe: Annotated[
        Path, typer.Argument(help="A recipe (.toml), such as those in examples/recipes.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for checkpoints, weights, sample sheets and the log."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="The data folder, in place of the recipe's.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="The steps of every stage, in place of the recipe's."),
    ] = None,
    options: Options,
) -> None:
    """Train a network by a recipe, stage by stage. The same command again resumes.

    Ctrl-C ends the training after the current step and saves it. With several processes:
    `torchrun --nproc-per-node N -m animate_cli train RECIPE`.
    """
    from animate_cli.device import open_device
    from animate_cli.train.engine.loop import train as run
    from animate_cli.train.recipe import read_recipe, with_overrides

    chosen = with_overrides(read_recipe(recipe), data=data, steps=steps)
    device = open_device(options.compute)
    folder = output or hub.runs_dir() / chosen.name
    console.info(f"checkpoints, weights, sheets and log: {folder}")
    for number, stage in enumerate(chosen.stage, start=1):
        console.info(
            f"stage {number} of {len(chosen.stage)}: {stage.name}, {_describe_stage(stage)}"
        )
    with _show_progress() as on_step:
        trained = run(chosen, folder, on_log=_log_figures, on_step=on_step, device=device)
    if trained.is_main:
        console.info(f"best score on dev after {trained.steps} steps: {trained.best:.4g}")
        console.result(str(trained.weights))


def _describe_stage(stage: Recipe) -> str:
    """A stage's steps, samples per step and rate in words."""
    plan = stage.steps
    return f"{plan.steps} steps of {plan.batch}, rate {plan.learning_rate:g}"


def _log_figures(logged: LogEntry) -> None:
    figures = ", ".join(f"{name} {value:.4g}" for name, value in logged.figures.items())
    where = f"{logged.stage}, " if logged.stage else ""
    console.info(f"{where}step {logged.step} of {logged.steps}: {figures}")


@contextmanager
def _show_progress() -> Iterator[OnLogged]:
    """Yield a callback that moves a bar on a terminal, and does nothing elsewhere."""
    if console.is_quiet() or not sys.stderr.isatty():
        yield lambda logged: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4g}  {task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _TrainBar(bars)


class _TrainBar:
    """Shows a stage's steps, the last loss, and the time left at the mean speed of this stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars, self._first, self._started_s = bars, -1, time.monotonic()
        self._stage = ""
        self._task = bars.add_task("train", total=None, loss=float("nan"), left="")

    def __call__(self, logged: LogEntry) -> None:
        now = time.monotonic()
        if self._first < 0 or logged.stage != self._stage:
            self._first, self._started_s, self._stage = logged.step, now, logged.stage
        done = logged.step - self._first
        each_s = (now - self._started_s) / done if done else 0.0
        left = f"{(logged.steps - logged.step) * each_s / 60:.0f} min left" if done else ""
        self._bars.update(
            self._task,
            description=logged.stage or "train",
            completed=logged.step,
            total=logged.steps,
            loss=logged.figures["loss"],
            left=left,
        )
