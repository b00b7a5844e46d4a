"""The contract between the training loop and what is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from torch import Tensor, nn

from animate_cli.records import Image

Batch = dict[str, Tensor]


class Objective(Protocol):
    """A network, its data and its loss, as the training loop uses them."""

    network: nn.Module

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """Training samples; everything random comes from `rng`.

        May run in a worker process: it must not change the objective.
        """
        ...

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The scalar to minimise, and its terms for the log."""
        ...

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Figures on "dev", training people who are not trained on; the lowest "score" is best."""
        ...

    def export(self, network: nn.Module, path: Path) -> None:
        """Write weights for use: fp16 safetensors with the config inside."""
        ...


@runtime_checkable
class ShowsSamples(Protocol):
    """An objective that can draw a sample sheet."""

    def sheet(self, network: nn.Module) -> Image:
        """A picture (H, W, 3) of training samples and of predictions on dev."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class GanLosses:
    """Losses of network and critic on one batch, scalars with their graphs; figures to log."""

    loss: Tensor
    critic_loss: Tensor
    figures: dict[str, float]


@runtime_checkable
class AdversarialObjective(Protocol):
    """An objective whose network is trained against a critic (a discriminator).

    The loop then calls `gan_losses` instead of `loss`, and steps the critic, then the network.
    """

    critic: nn.Module

    def gan_losses(self, network: nn.Module, critic: nn.Module, batch: Batch) -> GanLosses:
        """Both losses out of one pass of the network.

        critic: `self.critic` as the loop prepared it. The critic's own loss calls it once, on real
        and on generated pictures, which are detached. The network's loss calls `self.critic` inside
        `train.losses.discriminator.frozen`.
        """
        ...


@runtime_checkable
class HasFrozenNetworks(Protocol):
    """An objective with networks that are not trained, such as a perceptual loss's."""

    frozen_networks: tuple[nn.Module, ...]
    """The loop puts them on its device."""
