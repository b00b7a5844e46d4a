"""The training loop: draw, step, average, look, keep the best; resumable at every step.

All randomness of step n comes from (seed, n), so a resumed training draws what an undisturbed one
would have drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from animate_cli.errors import Cancelled
from animate_cli.interrupts import halt_on_signal
from animate_cli.train.engine.distributed import open_accelerator
from animate_cli.train.engine.log import Log
from animate_cli.train.engine.state import TrainingState
from animate_cli.train.objectives.find import build_objective
from animate_cli.train.recipe import Recipe
from animate_cli.train.saving import saving


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """What the loop tells after a step: figures by name; empty in all but the first process."""

    step: int
    steps: int
    figures: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """Where the result is, how good it was on dev, and whether this is the process to tell it."""

    weights: Path
    steps: int
    best: float
    is_main: bool = True


def _ignore(logged: LogEntry) -> None:
    """Tell nobody."""


def train(
    recipe: Recipe,
    folder: Path,
    *,
    on_log: Callable[[LogEntry], None],
    on_step: Callable[[LogEntry], None] = _ignore,
    device: torch.device | None = None,
) -> TrainingSummary:
    """Run a recipe to its end, from the folder's checkpoint if it has one.

    folder receives `last.pt` (to resume), `best.safetensors` (the moving average that scored best
    on dev), `log.csv` and `sheets`. on_log hears every `log.every`-th step and every evaluation,
    on_step all steps, both in the first process only. device None: the best there is.

    Raises:
        TrainError: the loss is not finite, the disk is full, or a data worker died; `last.pt`
            stays usable.
        Cancelled: Ctrl-C or SIGTERM; the step under way was finished and saved.
    """
    with saving(folder):
        folder.mkdir(parents=True, exist_ok=True)
    accelerator = open_accelerator(recipe.steps.precision, device)
    torch.manual_seed(recipe.steps.seed)
    with accelerator.main_process_first():  # it fills caches for the others
        objective = build_objective(recipe)
    with closing(TrainingState(recipe, objective, folder, accelerator)) as training:
        training.start()
        told = _Told(training, on_log, on_step)
        with halt_on_signal() as halt, closing(told):
            while training.step < recipe.steps.steps:
                told.after(_step(training))
                if training.is_wanted_anywhere(flag=halt.wanted):
                    training.save()
                    raise Cancelled(
                        f"stopped after step {training.step}, which is saved",
                        hint="run the same command again to go on",
                    )
        training.save()
    return TrainingSummary(
        weights=training.weights, steps=training.step, best=training.best, is_main=training.is_main
    )


def _step(training: TrainingState) -> dict[str, float]:
    """Advance; evaluate and save when it is time."""
    plan = training.recipe.steps
    figures = training.advance()
    if training.is_due(plan.evaluate_every):
        figures |= training.evaluate()
    if training.is_due(plan.save_every):
        training.save()
    return figures


class _Told:
    """Log, sheets and callbacks of the first process."""

    def __init__(
        self,
        training: TrainingState,
        on_log: Callable[[LogEntry], None],
        on_step: Callable[[LogEntry], None],
    ) -> None:
        self._training, self._on_log, self._on_step = training, on_log, on_step
        recipe = training.recipe
        self._log = (
            Log(training.folder, recipe.log, step=training.step) if training.is_main else None
        )

    def close(self) -> None:
        """Finish what the log still holds."""
        if self._log is not None:
            self._log.close()

    def after(self, figures: dict[str, float]) -> None:
        """Tell of the step that was just made."""
        if self._log is None:
            return
        training, config = self._training, self._training.recipe.log
        logged = LogEntry(step=training.step, steps=training.recipe.steps.steps, figures=figures)
        if training.is_due(config.every) or "score" in figures:
            self._log.figures(training.step, figures)
            self._on_log(logged)
        sheet = training.sheet() if config.sheets and "score" in figures else None
        if sheet is not None:
            self._log.sheet(training.step, sheet)
        self._on_step(logged)
