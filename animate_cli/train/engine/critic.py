"""The critic of an adversarial training, with an optimiser of its own.

Both losses of a step are computed before either network changes, as in Siarohin et al. 2019's
training: one pass of the network serves both, accumulated batches add up for both, and a loss that
is not finite stops the training with neither changed.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from animate_cli.errors import OptionError
from animate_cli.train.engine.optimiser import build_optimiser, set_rate
from animate_cli.train.recipe import Optimiser, Precision, StepRecipe


class CriticTrainer:
    """A critic on its device, trained by AdamW at the network's learning rate."""

    def __init__(self, critic: nn.Module, plan: StepRecipe, accelerator: Accelerator) -> None:
        """
        Raises:
            OptionError: fp16, whose gradient scaler knows one optimiser only.
        """
        if plan.precision is Precision.FP16:
            raise OptionError(
                "steps.precision fp16 does not go with a critic", hint='choose "bf16" or "fp32"'
            )
        self._accelerator, self._clip_norm = accelerator, plan.clip_norm
        network = critic.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimiser = build_optimiser(network.parameters(), plan, Optimiser.ADAMW)
        self.network, self._optimiser = accelerator.prepare(network, optimiser)

    def begin(self, rate: float) -> None:
        """Begin a step: set the learning rate and clear the gradients."""
        set_rate(self._optimiser, rate)
        self._optimiser.zero_grad(set_to_none=True)

    def descend(self) -> None:
        """Make the step of the accumulated gradients."""
        self._accelerator.clip_grad_norm_(self.network.parameters(), self._clip_norm)
        self._optimiser.step()

    def state_dicts(self) -> dict[str, dict[str, Any]]:
        """State dicts of critic and optimiser, by the names of `Checkpoint`'s fields."""
        network = self._accelerator.unwrap_model(self.network)
        return {
            "critic": network.state_dict(),
            "critic_optimiser": self._optimiser.state_dict(),
        }

    def restore(self, critic: dict[str, Any], optimiser: dict[str, Any]) -> None:
        """Go on from a checkpoint; empty dicts, of a training without a critic, change nothing.

        Raises:
            RuntimeError, ValueError, KeyError: it is another network's.
        """
        if critic:
            self._accelerator.unwrap_model(self.network).load_state_dict(critic)
            self._optimiser.load_state_dict(optimiser)
