"""Many processes train as one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from toy_objective import stored

SCRIPT = """
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, {tests!r})
import torch
from toy_objective import PLAN
from toy_objective import Line

from animate_cli.errors import AnimateError
from animate_cli.train.engine import loop
from animate_cli.train.recipe import Recipe

poison = int(sys.argv[2])
loop.build_objective = lambda recipe: Line(poison_at=poison)
recipe = Recipe(objective="line", name="x", steps=replace(PLAN, clip_norm=1e9))
told = []
try:
    trained = loop.train(
        recipe, Path(sys.argv[1]), on_log=lambda logged: told.append(logged.step),
        device=torch.device("cpu"),
    )
    print(f"done main={{trained.is_main}} told={{told}}", flush=True)
except AnimateError as error:
    print(f"stopped: {{error.message}}", flush=True)
torch.distributed.destroy_process_group()
"""


def launch(folder: Path, *, poison_at: int = -1) -> str:
    """Two processes, through gloo; what they print."""
    script = folder.parent / "train_together.py"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parents[2])), encoding="utf-8")
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    done = subprocess.run(
        [sys.executable, *launcher, str(script), str(folder), str(poison_at)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_processes_do_what_one_does_with_two_accumulated_batches(run, plan, tmp_path):
    said = launch(tmp_path / "two")
    assert sorted(said.splitlines()) == [
        "done main=False told=[]",
        "done main=True told=[5, 10, 15, 20]",
    ]
    run("one", replace(plan, accumulate=2, clip_norm=1e9))
    one, two = stored(tmp_path / "one"), stored(tmp_path / "two")
    for part in ("network", "average"):
        for key, value in one[part].items():
            torch.testing.assert_close(two[part][key], value)
    assert two["best"] == pytest.approx(one["best"], rel=1e-5)


@pytest.mark.slow
def test_a_loss_that_is_not_a_number_stops_both(tmp_path):
    said = launch(tmp_path / "poisoned", poison_at=8)
    assert said.count("stopped: the loss is") == 2
    assert stored(tmp_path / "poisoned")["step"] == 5
