"""The training loop: runs all stages, keeps the best weights, and can resume after any step.

All randomness of step n comes from (seed, n), so a resumed training samples the same batches as an
uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from animate_cli.errors import Cancelled
from animate_cli.interrupts import catch_stop_signals
from animate_cli.train.engine.checkpoint import Checkpoint, load_checkpoint
from animate_cli.train.engine.distributed import open_accelerator
from animate_cli.train.engine.log import Log
from animate_cli.train.engine.stages import Stage, stages_from
from animate_cli.train.engine.training_state import CHECKPOINT, TrainingState
from animate_cli.train.objectives.find import build_objective
from animate_cli.train.recipe import Recipe
from animate_cli.train.saving import saving


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One step in the log: its number and its figures by name.

    step, steps: made in this stage, and how many it has; stage: "stage 2 of 4, registration", empty
    in a training of one stage.
    """

    step: int
    steps: int
    figures: dict[str, float]
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class TrainingSummary:
    """A finished training: its weights, its steps over all stages, its best score on dev.

    best: in the last stage; is_main: whether this process is the one to report it.
    """

    weights: Path
    steps: int
    best: float
    is_main: bool = True


def _ignore(logged: LogEntry) -> None:
    """The default callback: does nothing."""


def train(
    recipe: Recipe,
    folder: Path,
    *,
    on_log: Callable[[LogEntry], None],
    on_step: Callable[[LogEntry], None] = _ignore,
    device: torch.device | None = None,
) -> TrainingSummary:
    """Run all stages of a recipe to the end, from the folder's checkpoint if it has one.

    folder receives `last.pt` (to resume, in whichever stage it was), `best.safetensors` (the moving
    average that scored best on dev; `stage_1.safetensors` and so on of the stages before the last),
    `log.csv` and `sheets`, in which steps count through all stages. on_log is called at every
    `log.every`-th step and every evaluation, on_step at all steps, both in the first process only.
    device None: the best there is.

    Raises:
        TrainError: the loss is not finite, the disk is full, or a data worker died; `last.pt`
            stays usable. Or `last.pt` is damaged, or of another training.
        WeightsError: the weights that a stage begins with are missing or of another network.
        Cancelled: Ctrl-C or SIGTERM; the step under way was finished and saved.
    """
    with saving(folder):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / CHECKPOINT
    checkpoint = load_checkpoint(path) if path.exists() else None
    number, before = (checkpoint.stage, checkpoint.steps_before) if checkpoint else (1, 0)
    for stage in stages_from(recipe, folder, number=number, steps_before=before):
        summary = _train_stage(stage, checkpoint, on_log, on_step, device)
        checkpoint = None
    return summary


def _train_stage(
    stage: Stage,
    checkpoint: Checkpoint | None,
    on_log: Callable[[LogEntry], None],
    on_step: Callable[[LogEntry], None],
    device: torch.device | None,
) -> TrainingSummary:
    """Run one stage to its end. checkpoint: of this stage; None: from its beginning."""
    plan = stage.recipe.steps
    accelerator = open_accelerator(plan.precision, device)
    torch.manual_seed(plan.seed)
    with accelerator.main_process_first():  # it fills caches for the others
        objective = build_objective(stage.recipe)
    with closing(TrainingState(stage, objective, accelerator)) as training:
        training.start(checkpoint)
        reporter = _Reporter(training, on_log, on_step)
        with catch_stop_signals() as stop, closing(reporter):
            while training.step < plan.steps:
                reporter.after(_step(training))
                if training.is_wanted_anywhere(flag=stop.requested):
                    training.save()
                    raise _cancelled(training)
        training.save()
        return TrainingSummary(
            weights=training.weights,
            steps=training.all_steps,
            best=training.best,
            is_main=training.is_main,
        )


def _cancelled(training: TrainingState) -> Cancelled:
    """The error that ends an interrupted training."""
    place = f" of {training.stage.label}" if training.stage.label else ""
    return Cancelled(
        f"stopped after step {training.step}{place}, which is saved",
        hint="run the same command again to go on",
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


class _Reporter:
    """Log, sheets and callbacks of the first process."""

    def __init__(
        self,
        training: TrainingState,
        on_log: Callable[[LogEntry], None],
        on_step: Callable[[LogEntry], None],
    ) -> None:
        self._training, self._on_log, self._on_step = training, on_log, on_step
        self._log = (
            Log(training.folder, training.recipe.log, step=training.all_steps)
            if training.is_main
            else None
        )

    def close(self) -> None:
        """Finish the log's files."""
        if self._log is not None:
            self._log.close()

    def after(self, figures: dict[str, float]) -> None:
        """Report the step that was just made."""
        if self._log is None:
            return
        training, config = self._training, self._training.recipe.log
        logged = LogEntry(
            step=training.step,
            steps=training.recipe.steps.steps,
            figures=figures,
            stage=training.stage.label,
        )
        if training.is_due(config.every) or "score" in figures:
            self._log.figures(training.all_steps, figures)
            self._on_log(logged)
        sheet = training.sheet() if config.sheets and "score" in figures else None
        if sheet is not None:
            self._log.sheet(training.all_steps, sheet)
        self._on_step(logged)
