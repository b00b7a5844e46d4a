"""SWATS: Adam before the switch, SGD after it, the switch where it must come, resumable."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from animate_cli.train.engine.swats import Phase, Swats

BETAS = (0.9, 0.98)  # a memory of 50 steps


def bowl(width: int, *, start: float) -> tuple[nn.Parameter, torch.Tensor]:
    """Weights and curvatures of a quadratic Σ h w² / 2."""
    torch.manual_seed(0)
    curvature = torch.rand(width, dtype=torch.float64) + 0.5
    return nn.Parameter(torch.full((width,), start, dtype=torch.float64)), curvature


def go(optimiser: torch.optim.Optimizer, weights: nn.Parameter, slope: torch.Tensor) -> None:
    weights.grad = slope
    optimiser.step()


def test_far_up_a_quadratic_the_switch_comes_as_soon_as_it_may():
    weights, curvature = bowl(3, start=1e6)
    optimiser = Swats([weights], lr=1e-3, betas=BETAS)
    before, first = weights.detach().clone(), curvature * weights.detach()
    for _ in range(50):
        go(optimiser, weights, curvature * weights.detach())
        assert optimiser.phase is Phase.ADAM
    # the slope hardly changes, so each of Adam's steps is -lr · sign
    expected = torch.full((3,), 0.05, dtype=torch.float64)
    torch.testing.assert_close(before - weights.detach(), expected, rtol=1e-4, atol=0)
    go(optimiser, weights, curvature * weights.detach())
    assert optimiser.phase is Phase.SGD
    # γ = pᵀp / -pᵀg with p = -sign
    assert optimiser.param_groups[0]["rate"] == pytest.approx(3 / first.sum().item(), rel=1e-4)


def test_near_its_minimum_the_rate_never_settles():
    weights, curvature = bowl(3, start=1.0)
    optimiser = Swats([weights], lr=1e-2, betas=BETAS)
    for _ in range(400):
        go(optimiser, weights, curvature * weights.detach())
    assert optimiser.phase is Phase.ADAM


def test_on_a_noisy_quadratic_the_switch_comes_and_sgd_comes_nearer():
    weights, curvature = bowl(400, start=3.0)
    optimiser = Swats([weights], lr=1e-2, betas=BETAS, tolerance=1e-3)
    random = torch.Generator().manual_seed(0)

    def walk(steps: int) -> float:
        total = 0.0
        for _ in range(steps):
            noise = torch.randn(400, generator=random, dtype=torch.float64)
            go(optimiser, weights, curvature * (weights.detach() + noise))
            total += (curvature * weights.detach().square()).mean().item()
        return total / steps

    adam, steps = 0.0, 0
    while optimiser.phase is Phase.ADAM and steps < 5000:
        adam, steps = walk(1), steps + 1
    assert optimiser.phase is Phase.SGD
    assert steps > 50
    optimiser.param_groups[0]["lr"] /= 10  # what a cool-down does
    walk(800)
    assert walk(100) < adam / 1.5


def test_before_the_switch_it_is_adamw():
    one, curvature = bowl(5, start=2.0)
    other = nn.Parameter(one.detach().clone())
    swats = Swats([one], lr=1e-2, betas=BETAS, weight_decay=0.1)
    adamw = torch.optim.AdamW([other], lr=1e-2, betas=BETAS, weight_decay=0.1)
    for _ in range(30):
        go(swats, one, curvature * one.detach())
        go(adamw, other, curvature * other.detach())
    torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_after_the_switch_it_is_sgd_with_momentum_and_the_schedule_still_reaches_it():
    one, curvature = bowl(5, start=2.0)
    other = nn.Parameter(one.detach().clone())
    swats = Swats([one], lr=1e-2, betas=BETAS)
    swats.param_groups[0] |= {"phase": "sgd", "rate": 3.0}
    sgd = torch.optim.SGD([other], lr=(1 - 0.9) * 1e-2 * 3.0, momentum=0.9)
    for _ in range(20):
        go(swats, one, curvature * one.detach())
        go(sgd, other, curvature * other.detach())
    torch.testing.assert_close(one, other)
    swats.param_groups[0]["lr"] = 0.0
    before = one.detach().clone()
    go(swats, one, curvature * one.detach())
    assert torch.equal(one, before)


@pytest.mark.parametrize("cut", [20, 49, 50, 51, 60])
def test_it_resumes_to_the_bit_on_either_side_of_the_switch(cut):
    weights, curvature = bowl(3, start=1e6)
    optimiser = Swats([weights], lr=1e-3, betas=BETAS)
    for step in range(70):
        if step == cut:
            kept = copy.deepcopy(optimiser.state_dict())
            twin = nn.Parameter(weights.detach().clone())
            resumed = Swats([twin], lr=0.5, tolerance=0.5)
            resumed.load_state_dict(kept)
        go(optimiser, weights, curvature * weights.detach())
        if step >= cut:
            go(resumed, twin, curvature * twin.detach())
    assert resumed.phase is optimiser.phase is Phase.SGD
    assert torch.equal(twin, weights)
