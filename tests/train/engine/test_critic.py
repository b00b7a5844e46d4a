"""Two players: one pass of the network, both move, both resume, neither moves on a bad loss."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from toy_objective import Line, same, stored

from animate_cli.errors import OptionError, TrainError
from animate_cli.train.losses.discriminator import frozen
from animate_cli.train.losses.losses import gan_critic, gan_generator
from animate_cli.train.objective import Batch, GanLosses
from animate_cli.train.recipe import Optimiser, Precision


class Duel(Line):
    """The line, drawn against a critic that sees (x, y)."""

    def __init__(self, *, poison: str = "", poison_at: int = -1, pull: float = 1.0) -> None:
        super().__init__()
        self.pull = pull  # 0: the network stays where it is
        torch.manual_seed(1)
        self.critic: nn.Module = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        self.poison, self.at, self.calls, self.passes = poison, poison_at, 0, 0
        self.network.register_forward_hook(self._count)

    def _count(self, *_: object) -> None:
        self.passes += 1

    def gan_losses(self, network: nn.Module, critic: nn.Module, batch: Batch) -> GanLosses:
        x, self.calls = batch["x"], self.calls + 1
        y, true = network(x), 3 * x + 1
        shown = torch.cat((torch.cat((x, true), 1), torch.cat((x, y.detach()), 1)))
        critic_loss = gan_critic(*([half] for half in critic(shown).chunk(2)))
        with frozen(self.critic) as judge:
            loss = (y - true).square().mean() + 0.1 * gan_generator([judge(torch.cat((x, y), 1))])
        bad = torch.nan if self.calls == self.at else 1.0
        if self.poison == "network":
            loss = loss * bad
        if self.poison == "critic":
            critic_loss = critic_loss * bad
        return GanLosses(loss=self.pull * loss, critic_loss=critic_loss, figures={"here": 1.0})


def alike(one: dict, two: dict) -> bool:
    return all(torch.equal(value, two["critic"][key]) for key, value in one["critic"].items())


@pytest.mark.parametrize("change", [{}, {"accumulate": 2}, {"optimiser": Optimiser.SWATS}], ids=str)
def test_both_players_resume_to_the_bit(run, plan, tmp_path, change):
    plan = replace(plan, **change)
    run("whole", plan, Duel())
    with pytest.raises(TrainError):
        run("halves", plan, Duel(poison="network", poison_at=13 * plan.accumulate))
    run("halves", plan, Duel())
    assert same(tmp_path / "whole", tmp_path / "halves")
    one, two = stored(tmp_path / "whole"), stored(tmp_path / "halves")
    assert alike(one, two)
    first = one["critic_optimiser"]["state"][0]["exp_avg"]
    assert torch.equal(first, two["critic_optimiser"]["state"][0]["exp_avg"])


@pytest.mark.parametrize("player", ["network", "critic"])
def test_a_bad_loss_of_either_stops_both(run, tmp_path, player):
    with pytest.raises(TrainError, match="nan at step 7"):
        run("bad", line=Duel(poison=player, poison_at=8))
    assert stored(tmp_path / "bad")["step"] == 5


def test_one_pass_of_the_network_serves_both(run, plan):
    duel = Duel()
    run("once", replace(plan, accumulate=2, evaluate_every=20), duel)
    assert duel.passes == duel.calls == 40


def test_the_critic_learns_to_tell_and_takes_nothing_from_the_networks_loss(run, plan):
    told: list[float] = []
    plan = replace(plan, steps=60, evaluate_every=60)
    run(
        "tells",
        plan,
        Duel(pull=0.0),
        on_step=lambda logged: told.append(logged.figures["critic_loss"]),
    )
    assert sum(told[-5:]) < sum(told[:5]) / 2

    duel = Duel()
    with frozen(duel.critic) as judge:
        x = torch.rand(4, 2, requires_grad=True)
        gan_generator([judge(x)]).backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert all(weight.grad is None and weight.requires_grad for weight in duel.critic.parameters())


def test_a_training_without_a_critic_goes_on_with_one_and_back(run, plan, tmp_path):
    run("both", replace(plan, steps=10, cooldown_fraction=0.1))
    assert stored(tmp_path / "both")["critic"] == {}
    kept = stored(tmp_path / "both")
    del kept["critic"], kept["critic_optimiser"]  # as older versions wrote it
    torch.save(kept, tmp_path / "both" / "last.pt")
    run("both", plan, Duel())
    assert stored(tmp_path / "both")["critic"]
    run("both", replace(plan, steps=25))
    assert stored(tmp_path / "both")["step"] == 25


def test_another_optimiser_is_refused_on_resume(run, plan):
    run("rule", replace(plan, steps=10))
    with pytest.raises(TrainError, match="optimiser swats"):
        run("rule", replace(plan, optimiser=Optimiser.SWATS))


def test_half_precision_is_refused_with_a_way_out(run, plan):
    with pytest.raises(OptionError) as caught:
        run("half", replace(plan, precision=Precision.FP16), Duel())
    assert "bf16" in caught.value.hint
