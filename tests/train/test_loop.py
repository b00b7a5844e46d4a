"""Training: resumable to the bit, averaged, stopped clearly, able to learn."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from animate_cli.errors import OptionError, TrainError
from animate_cli.train import loop
from animate_cli.train.objective import Batch, build_objective
from animate_cli.train.recipe import Recipe, StepRecipe, changed, read_recipe


class Line:
    """Fits y = 3x + 1: small enough to train in a test, with the loop's every part."""

    def __init__(self, *, poison_at: int = -1) -> None:
        self.network: nn.Module = nn.Linear(1, 1)
        nn.init.zeros_(self.network.weight)
        nn.init.zeros_(self.network.bias)
        self.poison_at, self.drawn = poison_at, 0

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        x = torch.from_numpy(rng.uniform(-1, 1, (size, 1)).astype(np.float32))
        self.drawn += 1
        return {"x": x if self.drawn != self.poison_at else x * torch.nan}

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        error = (network(batch["x"]) - (3 * batch["x"] + 1)).square().mean()
        return error, {"error": error.item()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        x = torch.linspace(-1, 1, 9)[:, None]
        with torch.no_grad():
            return {"score": (network(x) - (3 * x + 1)).abs().mean().item()}

    def export(self, network: nn.Module, path: Path) -> None:
        path.write_text(str({k: v.tolist() for k, v in network.state_dict().items()}))


PLAN = StepRecipe(
    steps=20, batch=8, learning_rate=0.1, warmup_steps=2, evaluate_every=5, save_every=5
)


@pytest.fixture
def run(monkeypatch, tmp_path):
    def go(name: str, plan: StepRecipe, line: Line | None = None) -> loop.Trained:
        objective = line or Line()
        monkeypatch.setattr(loop, "build_objective", lambda recipe: objective)
        recipe = Recipe(objective="line", name=name, steps=plan)
        return loop.train(recipe, tmp_path / name, on_log=lambda logged: None)

    return go


def stored(folder: Path) -> dict:
    return torch.load(folder / "last.pt", weights_only=True)


def test_ten_steps_and_ten_more_are_twenty(run, tmp_path, monkeypatch):
    run("whole", PLAN)
    seen = 0

    class StopError(Exception):
        pass

    def stop_at_ten(self):
        nonlocal seen
        seen += 1
        if seen > 10:
            raise StopError
        return advance(self)

    advance = loop._Run.advance
    monkeypatch.setattr(loop._Run, "advance", stop_at_ten)
    with pytest.raises(StopError):
        run("halves", PLAN)
    monkeypatch.setattr(loop._Run, "advance", advance)
    assert stored(tmp_path / "halves")["step"] == 10
    run("halves", PLAN)
    whole, halves = stored(tmp_path / "whole"), stored(tmp_path / "halves")
    for part in ("network", "average"):
        for key, value in whole[part].items():
            assert torch.equal(value, halves[part][key])
    assert whole["best"] == halves["best"]


def test_it_learns_and_keeps_the_best(run):
    trained = run("learns", replace(PLAN, steps=300, ema_decay=0.9))
    assert trained.best < 0.05
    assert trained.weights.exists()


def test_a_loss_that_is_not_a_number_stops_with_a_usable_checkpoint(run, tmp_path):
    with pytest.raises(TrainError, match="nan"):
        run("poisoned", PLAN, Line(poison_at=8))
    assert stored(tmp_path / "poisoned")["step"] == 5
    assert run("poisoned", PLAN).steps == 20


def test_a_damaged_checkpoint_is_refused(run, tmp_path):
    run("damaged", PLAN)
    (tmp_path / "damaged" / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainError, match="cannot resume"):
        run("damaged", PLAN)


def test_the_rate_warms_up_stays_and_cools_down():
    plan = StepRecipe(steps=100, learning_rate=1.0, warmup_steps=10, cooldown_fraction=0.2)
    rates = [loop.learning_rate(step, plan) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:81] == [1.0] * 72
    assert all(b < a for a, b in itertools.pairwise(rates[80:]))
    assert rates[-1] == pytest.approx(0.05)


def test_recipes_state_differences_and_refuse_unknown_keys(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text('objective = "landmarks"\nname = "x"\n[steps]\nsteps = 7\n')
    recipe = read_recipe(path)
    assert recipe.steps == StepRecipe(steps=7)
    assert changed(recipe, data=tmp_path, steps=9).steps.steps == 9
    path.write_text('objective = "landmarks"\nname = "x"\n[steps]\nstep = 7\n')
    with pytest.raises(OptionError, match="unknown key 'step'"):
        read_recipe(path)
    path.write_text("objective = ")
    with pytest.raises(OptionError, match="not TOML"):
        read_recipe(path)


def test_an_unknown_objective_is_refused_with_the_nearest_name():
    with pytest.raises(OptionError) as caught:
        build_objective(Recipe(objective="landmark", name="x"))
    assert "landmarks" in caught.value.hint
