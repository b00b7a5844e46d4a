"""Stages of a training: in order, each from the one before, resumable in whichever it was."""

from __future__ import annotations

import csv
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toy_objective import Line, same, stored

from animate_cli.errors import Cancelled, TrainError
from animate_cli.train.engine import loop
from animate_cli.train.recipe import Recipe, StepRecipe

PLAN = StepRecipe(
    steps=8, batch=8, learning_rate=0.1, warmup_steps=2, evaluate_every=4, save_every=4
)
SHORT = replace(PLAN, steps=6)
RECIPE = Recipe(
    objective="line",
    name="line",
    stage=(
        Recipe(objective="line", name="first", steps=PLAN),
        Recipe(objective="other", name="second", steps=SHORT),
        Recipe(objective="line", name="third", steps=SHORT),
    ),
)


@pytest.fixture
def built(monkeypatch) -> list[str]:
    """Names of the stages whose objective was built."""
    names: list[str] = []

    def build(recipe: Recipe) -> Line:
        names.append(recipe.name)
        return Line()

    monkeypatch.setattr(loop, "build_objective", build)
    return names


def run(folder: Path, recipe: Recipe = RECIPE, *, stop_at: tuple[str, int] = ("", 0)) -> list[str]:
    """Train; what was logged, "stage: step" each. stop_at: an interrupt after that step."""
    heard: list[str] = []

    def hear(logged: loop.LogEntry) -> None:
        heard.append(f"{logged.stage}: {logged.step} of {logged.steps}")
        if stop_at[0] in logged.stage and logged.step == stop_at[1]:
            signal.raise_signal(signal.SIGINT)

    loop.train(recipe, folder, on_log=lambda logged: None, on_step=hear)
    return heard


def test_stages_run_in_order_and_are_told(built, tmp_path):
    heard = run(tmp_path / "run")
    assert built == ["first", "second", "third"]
    assert heard[0] == "stage 1 of 3, first: 1 of 8"
    assert heard[8] == "stage 2 of 3, second: 1 of 6"
    assert heard[-1] == "stage 3 of 3, third: 6 of 6"
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"stage_1.safetensors", "stage_2.safetensors", "best.safetensors"} <= names


def test_a_stage_begins_with_the_best_of_the_one_before(built, tmp_path):
    still = replace(SHORT, learning_rate=0.0)
    recipe = replace(RECIPE, stage=(RECIPE.stage[0], replace(RECIPE.stage[1], steps=still)))
    run(tmp_path / "run", recipe)
    first, last = (
        (tmp_path / "run" / name).read_bytes()
        for name in ("stage_1.safetensors", "best.safetensors")
    )
    assert first == last


def test_the_log_counts_steps_through_all_stages(built, tmp_path):
    run(tmp_path / "run")
    with (tmp_path / "run" / "log.csv").open(newline="") as file:
        scored = [int(step) for step, name, _ in csv.reader(file) if name == "score"]
    assert scored == [4, 8, 12, 14, 18, 20]
    assert stored(tmp_path / "run")["stage"] == 3


def test_an_interrupt_in_the_second_stage_resumes_there(built, tmp_path):
    with pytest.raises(Cancelled, match="after step 3 of stage 2 of 3, second, which is saved"):
        run(tmp_path / "halved", stop_at=("second", 3))
    kept = stored(tmp_path / "halved")
    assert (kept["stage"], kept["step"], kept["steps_before"]) == (2, 3, 8)
    built.clear()
    heard = run(tmp_path / "halved")
    assert built == ["second", "third"]
    assert heard[0] == "stage 2 of 3, second: 4 of 6"
    run(tmp_path / "whole")
    assert same(tmp_path / "halved", tmp_path / "whole")
    logs = [(tmp_path / name / "log.csv").read_text() for name in ("halved", "whole")]
    scores = [[line for line in log.splitlines() if ",score," in line] for log in logs]
    assert scores[0] == scores[1]


def test_a_stop_between_two_stages_goes_on_with_the_next(built, tmp_path, monkeypatch):
    whole = loop.TrainingState.start

    def fails(self, kept):
        if self.stage.number == 2:
            raise KeyboardInterrupt
        whole(self, kept)

    with monkeypatch.context() as patch:
        patch.setattr(loop.TrainingState, "start", fails)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "run")
    assert run(tmp_path / "run")[0] == "stage 2 of 3, second: 1 of 6"


def test_a_checkpoint_of_a_stage_that_the_recipe_lacks_is_refused(built, tmp_path):
    run(tmp_path / "run")
    with pytest.raises(TrainError, match="in its stage 3; recipe line has 2"):
        run(tmp_path / "run", replace(RECIPE, stage=RECIPE.stage[:2]))


def test_a_checkpoint_from_before_there_were_stages_is_of_the_first(built, tmp_path):
    run(tmp_path / "run", replace(RECIPE, stage=()))
    kept = stored(tmp_path / "run")
    del kept["stage"], kept["steps_before"]
    torch.save(kept, tmp_path / "run" / "last.pt")
    assert run(tmp_path / "run", replace(RECIPE, stage=())) == []
