"""The training loop: draw, step, average, look, keep the best; resumable at every step.

All randomness of step n comes from (seed, n), so a resumed training draws what an undisturbed one
would have drawn.
"""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from animate_cli.errors import TrainError
from animate_cli.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from animate_cli.train.objective import Objective, build_objective
from animate_cli.train.recipe import Recipe, StepRecipe


@dataclass(frozen=True, kw_only=True)
class Logged:
    """What the loop tells after a step: figures by name."""

    step: int
    steps: int
    figures: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Where the result is and how good it was on dev."""

    weights: Path
    steps: int
    best: float


def train(recipe: Recipe, folder: Path, *, on_log: Callable[[Logged], None]) -> Trained:
    """Run a recipe to its end, from the folder's checkpoint if it has one.

    folder receives `last.pt` (to resume), `best.safetensors` (the moving average that scored best
    on dev) and `log.csv`.

    Raises:
        TrainError: the loss is not finite, or the disk is full; `last.pt` stays usable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.steps.seed)
    run = _Run(recipe, build_objective(recipe), folder)
    run.resume()
    while run.step < recipe.steps.steps:
        figures = run.advance()
        if run.is_due(recipe.steps.evaluate_every):
            figures |= run.evaluate()
        if run.is_due(recipe.steps.save_every):
            run.save()
        if run.is_due(20) or "score" in figures:
            _append(folder / "log.csv", run.step, figures)
            on_log(Logged(step=run.step, steps=recipe.steps.steps, figures=figures))
    run.save()
    return Trained(weights=run.weights, steps=run.step, best=run.best)


def learning_rate(step: int, plan: StepRecipe) -> float:
    """Linear warm-up, constant, linear cool-down to zero: the rate of step 0, 1, ..."""
    cooldown = max(1, round(plan.steps * plan.cooldown_fraction))
    up = (step + 1) / max(1, plan.warmup_steps)
    down = (plan.steps - step) / cooldown
    return plan.learning_rate * min(1.0, up, down)


class _Run:
    """The moving parts of one training."""

    def __init__(self, recipe: Recipe, objective: Objective, folder: Path) -> None:
        self.recipe, self.objective, self.folder = recipe, objective, folder
        self.weights = folder / "best.safetensors"
        self.step, self.best = 0, math.inf
        self._accelerator = Accelerator()
        network = objective.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = torch.optim.AdamW(
            network.parameters(),
            lr=recipe.steps.learning_rate,
            weight_decay=recipe.steps.weight_decay,
        )
        self.average: nn.Module = copy.deepcopy(network)
        self.network, self.optimiser = self._accelerator.prepare(network, optimiser)
        self.average.to(self._accelerator.device)

    def resume(self) -> None:
        path = self.folder / "last.pt"
        if not path.exists():
            return
        kept = load_checkpoint(path)
        self._accelerator.unwrap_model(self.network).load_state_dict(kept.network)
        self.average.load_state_dict(kept.average)
        self.optimiser.load_state_dict(kept.optimiser)
        self.step, self.best = kept.step, kept.best

    def is_due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.recipe.steps.steps

    def advance(self) -> dict[str, float]:
        """One optimisation step."""
        plan, started = self.recipe.steps, time.perf_counter()
        rng = np.random.default_rng((plan.seed, self.step, self._accelerator.process_index))
        torch.manual_seed(plan.seed * 1_000_003 + self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step, plan)
        drawn = self.objective.batch(plan.batch, rng)
        batch = {key: value.to(self._accelerator.device) for key, value in drawn.items()}
        with self._accelerator.autocast():
            loss, figures = self.objective.loss(self.network, batch)
        self._descend(loss)
        self.step += 1
        seconds = time.perf_counter() - started
        return {"loss": loss.item(), **figures, "samples_per_s": plan.batch / seconds}

    def _descend(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            where = f"step {self.step}"
            raise TrainError(
                f"the loss is {loss.item()} at {where}", hint="lower the learning rate and resume"
            )
        self.optimiser.zero_grad(set_to_none=True)
        self._accelerator.backward(loss)
        self._accelerator.clip_grad_norm_(self.network.parameters(), self.recipe.steps.clip_norm)
        self.optimiser.step()
        decay = min(self.recipe.steps.ema_decay, (1 + self.step) / (10 + self.step))
        _follow(self.average, self._accelerator.unwrap_model(self.network), decay)

    def evaluate(self) -> dict[str, float]:
        """Figures of the moving average; a better score is exported."""
        figures = self.objective.evaluate(self.average)
        if figures["score"] < self.best and self._accelerator.is_main_process:
            self.best = figures["score"]
            self.objective.export(self.average, self.weights)
        return figures

    def save(self) -> None:
        if not self._accelerator.is_main_process:
            return
        network = self._accelerator.unwrap_model(self.network)
        kept = Checkpoint(
            network=network.state_dict(),
            average=self.average.state_dict(),
            optimiser=self.optimiser.state_dict(),
            step=self.step,
            best=self.best,
        )
        save_checkpoint(kept, self.folder / "last.pt")


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average ← decay · average + (1 − decay) · network; statistics and counters are copied."""
    for mine, theirs in zip(average.parameters(), network.parameters(), strict=True):
        mine.lerp_(theirs, 1 - decay)
    for kept, new in zip(average.buffers(), network.buffers(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, 1 - decay)
        else:
            kept.copy_(new)


def _append(path: Path, step: int, figures: dict[str, float]) -> None:
    """One row per figure: step, name, value."""
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((step, name, f"{value:.6g}") for name, value in figures.items())
