"""SWATS: Adam, then stochastic gradient descent at a rate that is estimated during Adam's phase.

Keskar & Socher 2017, *Improving Generalization Performance by Switching from Adam to SGD*,
algorithm 1; Karim & Saleh 2022, section 4.2, train with it.

    symbol | name             | here
    g, w   | gradient, weights| of all parameters together: one vector
    m, a   | mean, square     | Adam's moments, per parameter
    α      | lr               | Adam's rate, set from outside at every step
    p      | direction · α    | Adam's step
    γ      | ratio · α        | rate at which SGD's step, projected on p, is p: pᵀp / −pᵀg
    λ, Λ   | estimate, rate   | γ's running mean (β₂); the corrected mean at the switch
    v      | mean             | momentum of SGD, begun at zero

It switches when γ equals its bias-corrected mean, which means that the rate has converged.

Departures from the paper:
- γ is taken for α = 1, and SGD's step is α Λ: a schedule's warm-up and cool-down reach SGD too.
- "equals" is relative, |λ̂ − γ| < 1e-5 λ̂ by default, not 1e-9: γ has the scale of α / |g|.
- it does not switch within the first 1 / (1 − β₂) steps, over which the mean is taken, because a
  mean of few values is unreliable; nor to a rate that is not positive.
- weight decay is decoupled from the gradient, α · decay · w per step in both phases, as in AdamW.

The implementation in pytorch-optimizer 4.1 is not used: its comparison has a further absolute
tolerance, torch's default of 1e-8, so that on a quadratic of curvatures 0.1 ... 100 it switches at
the second step, to a rate of 1e-5. It also switches by single tensors, and stores its rate in the
field that schedules overwrite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any

import torch
from torch import Tensor, nn

TOLERANCE = 1e-5  # |λ̂ − γ| / λ̂ at the switch


class Phase(StrEnum):
    """Which rule the next step follows."""

    ADAM = "adam"
    SGD = "sgd"


class Swats(torch.optim.Optimizer):
    """SWATS over one group of parameters; phase, estimate and rate are part of its state dict."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        epsilon: float = 1e-8,
        tolerance: float = TOLERANCE,
    ) -> None:
        constants = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        constants |= {"epsilon": epsilon, "tolerance": tolerance}
        begin = {"phase": Phase.ADAM.value, "steps": 0, "estimate": 0.0, "rate": 0.0}
        super().__init__(parameters, constants | begin)
        if len(self.param_groups) != 1:
            raise ValueError("Swats takes one group of parameters: its switch is one decision")

    @property
    def phase(self) -> Phase:
        """Adam, until the switch."""
        return Phase(self.param_groups[0]["phase"])

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step of the phase that it is in; may end with the switch."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        group = self.param_groups[0]
        weights = [weight for weight in group["params"] if weight.grad is not None]
        slopes = [weight.grad for weight in weights]
        if not weights:
            return loss
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        if self.phase is Phase.SGD:
            self._descend(group, weights, slopes)
        else:
            self._adapt(group, weights, slopes)
        return loss

    def _descend(self, group: dict[str, Any], weights: list[Tensor], slopes: list[Tensor]) -> None:
        """v ← β₁ v + g;  w ← w − (1 − β₁) α Λ v."""
        beta = group["betas"][0]
        momentum = self._kept("mean", weights)
        torch._foreach_mul_(momentum, beta)
        torch._foreach_add_(momentum, slopes)
        rate = (1 - beta) * group["lr"] * group["rate"]
        torch._foreach_add_(weights, momentum, alpha=-rate)

    def _adapt(self, group: dict[str, Any], weights: list[Tensor], slopes: list[Tensor]) -> None:
        """Adam's step along `directions`, p / α."""
        group["steps"] += 1
        (beta, beta_square), k = group["betas"], group["steps"]
        mean, square = self._kept("mean", weights), self._kept("square", weights)
        torch._foreach_lerp_(mean, slopes, 1 - beta)
        torch._foreach_mul_(square, beta_square)
        torch._foreach_addcmul_(square, slopes, slopes, 1 - beta_square)
        roots = torch._foreach_sqrt(square)
        torch._foreach_add_(roots, group["epsilon"])
        directions = torch._foreach_div(mean, roots)
        torch._foreach_mul_(directions, -((1 - beta_square**k) ** 0.5) / (1 - beta**k))
        torch._foreach_add_(weights, directions, alpha=group["lr"])
        self._watch(group, list(directions), slopes)

    def _watch(self, group: dict[str, Any], directions: list[Tensor], slopes: list[Tensor]) -> None:
        """γ and its mean λ; the switch, when they agree."""
        along = -_dot(directions, slopes)
        if along == 0:
            return
        ratio = _dot(directions, directions) / along
        beta, k = group["betas"][1], group["steps"]
        group["estimate"] = beta * group["estimate"] + (1 - beta) * ratio
        settled = group["estimate"] / (1 - beta**k)
        close = abs(settled - ratio) < group["tolerance"] * settled
        if close and settled > 0 and k > round(1 / (1 - beta)):
            group["phase"], group["rate"] = Phase.SGD.value, settled
            self.state.clear()

    def _kept(self, name: str, weights: list[Tensor]) -> list[Tensor]:
        """A tensor per weight, zero at first."""
        for weight in weights:
            if name not in self.state[weight]:
                self.state[weight][name] = torch.zeros_like(weight)
        return [self.state[weight][name] for weight in weights]


def _dot(ones: list[Tensor], others: list[Tensor]) -> float:
    """Inner product of two vectors, each given as a list of tensors."""
    products = torch._foreach_mul(ones, others)
    return torch.stack([product.sum() for product in products]).sum().item()
