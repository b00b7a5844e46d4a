"""The optimiser that the recipe names, and the learning rate of each step."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from animate_cli.train.engine.swats import Swats
from animate_cli.train.recipe import Optimiser, StepRecipe

BETA_SQUARE = 0.999


def build_optimiser(
    parameters: Iterable[nn.Parameter], plan: StepRecipe, rule: Optimiser
) -> torch.optim.Optimizer:
    """The optimiser over all parameters, at the plan's rate, decay and beta1."""
    betas = (plan.beta1, BETA_SQUARE)
    rate, decay = plan.learning_rate, plan.weight_decay
    if rule is Optimiser.SWATS:
        return Swats(parameters, lr=rate, betas=betas, weight_decay=decay)
    return torch.optim.AdamW(parameters, lr=rate, betas=betas, weight_decay=decay)


def learning_rate(step: int, plan: StepRecipe) -> float:
    """Linear warm-up, constant, linear cool-down to zero: the rate of step 0, 1, ..."""
    cooldown = max(1, round(plan.steps * plan.cooldown_fraction))
    up = (step + 1) / max(1, plan.warmup_steps)
    down = (plan.steps - step) / cooldown
    return plan.learning_rate * min(1.0, up, down)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def is_same_optimiser(
    optimiser: torch.optim.Optimizer, state_dict: dict[str, list[dict[str, object]]]
) -> bool:
    """Whether a state dict is of this kind of optimiser; torch itself would load any."""
    return all(
        ("phase" in group) == ("phase" in optimiser.param_groups[0])
        for group in state_dict["param_groups"]
    )
