"""One stage of a training at one of its steps: networks, optimisers, moving average, batches."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator
from contextlib import ExitStack

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import TrainError
from animate_cli.layers.weight_io import load_strictly
from animate_cli.records import Image
from animate_cli.train.engine.checkpoint import Checkpoint, save_checkpoint
from animate_cli.train.engine.critic import CriticTrainer
from animate_cli.train.engine.distributed import any_process
from animate_cli.train.engine.optimiser import (
    build_optimiser,
    is_same_optimiser,
    learning_rate,
    set_rate,
)
from animate_cli.train.engine.prefetch import prefetch_batches
from animate_cli.train.engine.stages import Stage
from animate_cli.train.objective import (
    AdversarialObjective,
    Batch,
    HasFrozenNetworks,
    Objective,
    ShowsSamples,
)
from animate_cli.train.saving import saving

CHECKPOINT = "last.pt"


class TrainingState:
    """A stage of a training after `step` of its steps.

    All randomness of step s comes from its batches' numbers n: process p of P draws the numbers
    s · A · P + a · P + p, a = 0 ... A - 1, where A batches are accumulated.
    """

    def __init__(self, stage: Stage, objective: Objective, accelerator: Accelerator) -> None:
        recipe = stage.recipe
        self.stage, self.recipe, self.objective = stage, recipe, objective
        self.folder, self.weights = stage.folder, stage.weights
        self.step, self.best = 0, math.inf
        self._accelerator = accelerator
        self.is_main: bool = accelerator.is_main_process
        network = objective.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = build_optimiser(network.parameters(), recipe.steps, recipe.steps.optimiser)
        self.average: nn.Module = copy.deepcopy(network)
        self.network, self.optimiser = accelerator.prepare(network, optimiser)
        self.average.to(accelerator.device)
        self._critic: CriticTrainer | None = None
        if isinstance(objective, AdversarialObjective):
            self._critic = CriticTrainer(objective.critic, recipe.steps, accelerator)
        if isinstance(objective, HasFrozenNetworks):
            for frozen in objective.frozen_networks:
                frozen.to(accelerator.device)
        self._batches: Generator[Batch, None, None] | None = None

    @property
    def all_steps(self) -> int:
        """Steps made so far in this stage and those before it."""
        return self.stage.steps_before + self.step

    def start(self, checkpoint: Checkpoint | None) -> None:
        """Go on from a checkpoint of this stage; without one, from the recipe's weights, if any.

        Raises:
            TrainError: the checkpoint is of another network or optimiser.
            WeightsError: the recipe's weights are missing or of another network.
        """
        if checkpoint is not None:
            self._resume(checkpoint)
        elif self.recipe.init:
            self._begin_with(self.recipe.init)

    def close(self) -> None:
        """Stop the data workers."""
        if self._batches is not None:
            self._batches.close()

    def is_due(self, every: int) -> bool:
        """Whether an action of every `every` steps is due: at its multiples and after the last."""
        return self.step % every == 0 or self.step == self.recipe.steps.steps

    def is_wanted_anywhere(self, *, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return any_process(self._accelerator, flag)

    def advance(self) -> dict[str, float]:
        """One optimisation step -> the loss and its parts, means over the step's batches.

        Raises:
            TrainError: a loss is not finite, in any of the processes; nothing was changed.
        """
        plan, started = self.recipe.steps, time.perf_counter()
        rate = learning_rate(self.step, plan)
        set_rate(self.optimiser, rate)
        self.optimiser.zero_grad(set_to_none=True)
        if self._critic is not None:
            self._critic.begin(rate)
        parts = [self._accumulate(index) for index in range(plan.accumulate)]
        self._descend()
        self.step += 1
        samples = plan.batch * plan.accumulate * self._accelerator.num_processes
        figures = {key: sum(part[key] for part in parts) / len(parts) for key in parts[0]}
        return figures | {"samples_per_s": samples / (time.perf_counter() - started)}

    def evaluate(self) -> dict[str, float]:
        """Figures of the moving average, exported if its score is the best so far.

        Only the first process evaluates; the others return no figures.

        Raises:
            TrainError: the disk is full.
        """
        figures: dict[str, float] = {}
        if self.is_main:
            figures = self.objective.evaluate(self.average)
            if figures["score"] < self.best:
                self.best = figures["score"]
                with saving(self.weights):
                    self.objective.export(self.average, self.weights)
        self._accelerator.wait_for_everyone()
        return figures

    def sheet(self) -> Image | None:
        """The objective's picture of the moving average, where it draws one."""
        return (
            self.objective.sheet(self.average) if isinstance(self.objective, ShowsSamples) else None
        )

    def save(self) -> None:
        """Write `last.pt`; only the first process does.

        Raises:
            TrainError: the disk is full.
        """
        if not self.is_main:
            return
        scaler = self._accelerator.scaler
        checkpoint = Checkpoint(
            network=self._unwrapped().state_dict(),
            average=self.average.state_dict(),
            optimiser=self.optimiser.state_dict(),
            step=self.step,
            best=self.best,
            scaler=scaler.state_dict() if scaler is not None else {},
            stage=self.stage.number,
            steps_before=self.stage.steps_before,
            **(self._critic.state_dicts() if self._critic is not None else {}),
        )
        save_checkpoint(checkpoint, self.folder / CHECKPOINT)

    def _resume(self, checkpoint: Checkpoint) -> None:
        path = self.folder / CHECKPOINT
        if not is_same_optimiser(self.optimiser, checkpoint.optimiser):
            raise TrainError(
                f"{path} is not of the optimiser {self.recipe.steps.optimiser.value}",
                hint="keep steps.optimiser as the training began, or choose another --output",
            )
        try:
            self._unwrapped().load_state_dict(checkpoint.network)
            self.average.load_state_dict(checkpoint.average)
            self.optimiser.load_state_dict(checkpoint.optimiser)
            if self._critic is not None:
                self._critic.restore(checkpoint.critic, checkpoint.critic_optimiser)
        except (RuntimeError, ValueError, KeyError) as error:
            raise TrainError(
                f"{path} is of another network: {str(error).splitlines()[-1].strip()}",
                hint="choose another --output folder, or delete this one to start over",
            ) from error
        if checkpoint.scaler and self._accelerator.scaler is not None:
            self._accelerator.scaler.load_state_dict(checkpoint.scaler)
        self.step, self.best = checkpoint.step, checkpoint.best

    def _begin_with(self, weights: str) -> None:
        """Load weights; all tensors under a prefix of the network's `OPTIONAL_PREFIXES` may be
        missing, where a stage before this one trained without that part."""
        _, tensors = hub.load(weights)
        for network in (self._unwrapped(), self.average):
            own, optional = network.state_dict(), getattr(network, "OPTIONAL_PREFIXES", ())
            missing = tuple(
                part for part in optional if not any(k.startswith(part) for k in tensors)
            )
            added = {key: own[key] for key in own if key.startswith(missing)}
            load_strictly(network, {**added, **tensors}, where=f"init {weights}")

    def _unwrapped(self) -> nn.Module:
        network: nn.Module = self._accelerator.unwrap_model(self.network)
        return network

    def _accumulate(self, index: int) -> dict[str, float]:
        """Add the gradients of the step's batch `index`, weighted to a mean."""
        plan = self.recipe.steps
        batch = self._next_batch()
        torch.manual_seed(plan.seed * 1_000_003 + self._number(index))
        with ExitStack() as alone:
            for network in self._trained_networks() if index < plan.accumulate - 1 else ():
                alone.enter_context(self._accelerator.no_sync(network))
            with self._accelerator.autocast():
                losses, figures = self._losses(batch)
            for loss in losses.values():
                self._refuse_nan(loss)
            for loss in losses.values():
                self._accelerator.backward(loss / plan.accumulate)
        return {key: loss.item() for key, loss in losses.items()} | figures

    def _losses(self, batch: Batch) -> tuple[dict[str, Tensor], dict[str, float]]:
        """The network's loss, and the critic's where there is one, with figures for the log."""
        if self._critic is None:
            loss, figures = self.objective.loss(self.network, batch)
            return {"loss": loss}, figures
        assert isinstance(self.objective, AdversarialObjective)
        both = self.objective.gan_losses(self.network, self._critic.network, batch)
        return {"loss": both.loss, "critic_loss": both.critic_loss}, both.figures

    def _trained_networks(self) -> list[nn.Module]:
        return [self.network] if self._critic is None else [self.network, self._critic.network]

    def _next_batch(self) -> Batch:
        plan, processes = self.recipe.steps, self._accelerator.num_processes
        if self._batches is None:
            end = plan.steps * plan.accumulate * processes
            numbers = range(self._number(0), end, processes)
            self._batches = prefetch_batches(self.objective, plan, numbers)
        device = self._accelerator.device
        return {key: value.to(device) for key, value in next(self._batches).items()}

    def _number(self, index: int) -> int:
        processes = self._accelerator.num_processes
        done = (self.step * self.recipe.steps.accumulate + index) * processes
        return int(done + self._accelerator.process_index)

    def _refuse_nan(self, loss: Tensor) -> None:
        if self.is_wanted_anywhere(flag=not bool(torch.isfinite(loss))):
            raise TrainError(
                f"the loss is {loss.item()} at step {self.step}",
                hint="lower the learning rate and resume",
            )

    def _descend(self) -> None:
        plan = self.recipe.steps
        if self._critic is not None:
            self._critic.descend()
        self._accelerator.clip_grad_norm_(self.network.parameters(), plan.clip_norm)
        self.optimiser.step()
        decay = min(plan.ema_decay, (1 + self.step) / (10 + self.step))
        _update_average(self.average, self._unwrapped(), decay)


@torch.no_grad()
def _update_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average ← decay · average + (1 − decay) · network; statistics and counters are copied."""
    for mean, new in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(new, 1 - decay)
    for buffer, latest in zip(average.buffers(), network.buffers(), strict=True):
        if buffer.is_floating_point():
            buffer.lerp_(latest, 1 - decay)
        else:
            buffer.copy_(latest)
