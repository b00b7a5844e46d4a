"""`animate train` from the shell: stopped by Ctrl-C, gone on with by the same command."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from refusal import animate, command
from toy_objective import Line

from animate_cli.train.engine import loop

TESTS = Path(__file__).parents[1]
SCRIPT = """
import sys

sys.path.insert(0, {folder!r})
from toy_objective import Line

from animate_cli.cli import main
from animate_cli.train.engine import loop

loop.build_objective = lambda recipe: Line()
main()
"""
RECIPE = """
objective = "line"
name = "toy"
log.every = 10
steps.steps = 200000
steps.evaluate_every = 100000
"""


@pytest.fixture
def start(tmp_path):
    """Start the command on a toy; what it says comes through pipes."""
    script = tmp_path / "animate.py"
    script.write_text(SCRIPT.format(folder=str(TESTS)), encoding="utf-8")
    (tmp_path / "toy.toml").write_text(RECIPE, encoding="utf-8")

    def go(*words: str) -> subprocess.Popen[str]:
        command = (sys.executable, str(script), "train", str(tmp_path / "toy.toml"))
        return subprocess.Popen(
            (*command, "--output", str(tmp_path / "run"), "--threads", "1", *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return go


def test_an_interrupted_training_goes_on(start, tmp_path):
    first = start()
    for line in first.stderr:
        if line.startswith("step "):
            break
    first.send_signal(signal.SIGINT)
    said, told = first.communicate(timeout=120)
    assert first.returncode == 130
    assert said == ""
    assert "which is saved" in told
    assert "go on" in told
    assert "Traceback" not in told
    done = torch.load(tmp_path / "run" / "last.pt", weights_only=True)["step"]
    assert f"stopped after step {done}" in told
    second = start("--steps", str(done + 5))
    said, told = second.communicate(timeout=120)
    assert second.returncode == 0, told
    assert f"step {done + 5} of {done + 5}" in told
    assert Path(said.strip()).is_file()


def test_the_stages_are_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "build_objective", lambda recipe: Line())
    stages = '[[stage]]\nname = "first"\n[[stage]]\nname = "second"\nsteps.batch = 4\n'
    recipe = tmp_path / "toy.toml"
    recipe.write_text(RECIPE + stages, encoding="utf-8")
    answer = animate("train", recipe, "--output", tmp_path / "run", "--steps", "10")
    lines = answer.stderr.splitlines()
    assert "stage 1 of 2: first, 10 steps of 16, rate 0.001" in lines
    assert "stage 2 of 2: second, 10 steps of 4, rate 0.001" in lines
    (last,) = (line for line in lines if line.startswith("stage 2 of 2, second, step "))
    assert last.startswith("stage 2 of 2, second, step 10 of 10: loss")
    assert "best score on dev after 20 steps" in answer.stderr
    assert Path(answer.stdout.strip()).name == "best.safetensors"


def test_a_recipe_that_cannot_be_read_is_told_in_two_lines(tmp_path):
    answer = command("train", tmp_path / "absent.toml")
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[0].startswith("error: cannot read recipe")
    assert "hint:" in answer.stderr
