"""Training: resumable to the bit, averaged, accumulated, able to learn."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from toy_objective import Line, same, stored

from animate_cli.errors import OptionError, TrainError, WeightsError
from animate_cli.train.engine.loop import TrainingSummary, train
from animate_cli.train.engine.optimiser import learning_rate
from animate_cli.train.engine.training_state import TrainingState
from animate_cli.train.objectives.find import build_objective
from animate_cli.train.recipe import Precision, Recipe, StepRecipe

TINY = {"width": 16, "stem": 8, "size": 64, "depth": 2}


class StopError(Exception):
    pass


@pytest.fixture
def halved(monkeypatch):
    """Call something that trains, in two halves: cut off after so many steps, then resumed."""

    def go(train, *, after: int) -> TrainingSummary:
        advance, done = TrainingState.advance, itertools.count()

        def stop_in_the_middle(self):
            if next(done) >= after:
                raise StopError
            return advance(self)

        with monkeypatch.context() as patch:
            patch.setattr(TrainingState, "advance", stop_in_the_middle)
            with pytest.raises(StopError):
                train()
        return train()

    return go


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"accumulate": 2},
        {"workers": 1},
        {"precision": Precision.BF16},
        {"precision": Precision.FP16},
    ],
    ids=str,
)
def test_ten_steps_and_ten_more_are_twenty(run, halved, tmp_path, plan, change):
    plan = replace(plan, **change)
    whole = run("whole", plan)
    halves = halved(lambda: run("halves", plan), after=13)
    assert same(tmp_path / "whole", tmp_path / "halves")
    assert whole.best == halves.best


def test_the_landmark_network_resumes_to_the_bit(halved, data, tmp_path):
    steps = StepRecipe(steps=8, batch=2, warmup_steps=2, evaluate_every=4, save_every=4)
    recipe = Recipe(objective="landmarks", name="x", steps=steps, network=TINY)
    recipe = replace(recipe, data=replace(recipe.data, root=str(data), clip_stride=60))

    def go(name: str) -> TrainingSummary:
        torch.manual_seed(0)
        return train(recipe, tmp_path / name, on_log=lambda logged: None)

    whole = go("whole")
    halves = halved(lambda: go("halves"), after=4)
    assert same(tmp_path / "whole", tmp_path / "halves")
    assert whole.best == halves.best


def test_it_learns_and_keeps_the_best(run, plan):
    trained = run("learns", replace(plan, steps=300, ema_decay=0.9))
    assert trained.best < 0.05
    assert trained.weights.exists()


def test_two_accumulated_batches_make_the_mean_gradient(run, plan, tmp_path):
    plan = replace(plan, steps=1, accumulate=2, clip_norm=1e9)
    run("accumulated", plan)

    class Both(Line):
        """Draws the same two batches as one."""

        def batch(self, size, rng):
            rngs = (np.random.default_rng((0, number)) for number in (0, 1))
            parts = [Line.batch(self, size // 2, rng) for rng in rngs]
            return {"x": torch.cat([part["x"] for part in parts])}

    run("at_once", replace(plan, accumulate=1, batch=16), Both())
    one, two = stored(tmp_path / "accumulated"), stored(tmp_path / "at_once")
    for state_one, state_two in zip(
        one["optimiser"]["state"].values(), two["optimiser"]["state"].values(), strict=True
    ):
        torch.testing.assert_close(state_one["exp_avg"], state_two["exp_avg"])


def test_it_begins_with_the_weights_that_the_recipe_names(run, plan, tmp_path):
    path = tmp_path / "start.safetensors"
    save_file({"weight": torch.tensor([[3.0]]), "bias": torch.tensor([1.0])}, path)
    plan = replace(plan, steps=1, learning_rate=0.0)
    assert run("begun", plan, init=str(path)).best == pytest.approx(0.0, abs=1e-6)
    save_file({"weight": torch.tensor([[3.0]])}, path)
    with pytest.raises(WeightsError, match="init"):
        run("short", plan, init=str(path))


def test_what_a_network_learns_later_may_be_missing_where_it_begins(run, plan, tmp_path):
    class Curve(torch.nn.Linear):
        OPTIONAL_PREFIXES = ("bend",)

        def __init__(self) -> None:
            super().__init__(1, 1)
            self.bend = torch.nn.Parameter(torch.tensor(0.5))

        def forward(self, x):
            return super().forward(x) + 0 * self.bend

    path, objective = tmp_path / "start.safetensors", Line()
    objective.network = Curve()
    save_file({"weight": torch.tensor([[3.0]]), "bias": torch.tensor([1.0])}, path)
    plan = replace(plan, steps=1, learning_rate=0.0)
    assert run("begun", plan, objective, init=str(path)).best == pytest.approx(0.0, abs=1e-6)
    assert stored(tmp_path / "begun")["average"]["bend"] == 0.5


def test_a_checkpoint_of_another_network_is_refused(run, plan):
    run("other", plan)
    wide = Line()
    wide.network = torch.nn.Linear(2, 2)
    with pytest.raises(TrainError, match="another network"):
        run("other", plan, wide)


def test_a_damaged_checkpoint_is_refused(run, tmp_path):
    run("damaged")
    (tmp_path / "damaged" / "last.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainError, match="cannot resume"):
        run("damaged")


def test_the_rate_warms_up_stays_and_cools_down():
    plan = StepRecipe(steps=100, learning_rate=1.0, warmup_steps=10, cooldown_fraction=0.2)
    rates = [learning_rate(step, plan) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:81] == [1.0] * 72
    assert all(b < a for a, b in itertools.pairwise(rates[80:]))
    assert rates[-1] == pytest.approx(0.05)


def test_an_unknown_objective_is_refused_with_the_nearest_name():
    with pytest.raises(OptionError) as caught:
        build_objective(Recipe(objective="landmark", name="x"))
    assert "landmarks" in caught.value.hint
