"""Batches in order: the same ones, whoever draws them."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_objective import Line

from animate_cli.errors import TrainError
from animate_cli.train.engine.prefetch import prefetch_batches
from animate_cli.train.objective import Batch


def drawn(plan, numbers, line: Line | None = None) -> list[torch.Tensor]:
    return [batch["x"] for batch in prefetch_batches(line or Line(), plan, numbers)]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_depends_on_seed_and_number_alone(plan, workers):
    plan = replace(plan, workers=workers)
    row, later = drawn(plan, range(7)), drawn(plan, range(3, 7, 2))
    assert all(torch.equal(row[n], later[k]) for k, n in enumerate((3, 5)))
    assert not any(torch.equal(a, b) for a, b in itertools.combinations(row, 2))
    assert not torch.equal(row[0], drawn(replace(plan, seed=1), range(1))[0])
    loop = drawn(replace(plan, workers=0), range(7))
    assert all(torch.equal(a, b) for a, b in zip(row, loop, strict=True))


def test_more_workers_than_batches_do_no_harm(plan):
    assert len(drawn(replace(plan, workers=3), range(2))) == 2


def test_workers_draw_ahead_in_processes_of_their_own(plan):
    class Slow(Line):
        def batch(self, size: int, rng: np.random.Generator) -> Batch:
            return {"x": torch.tensor([time.monotonic(), os.getpid()], dtype=torch.float64)}

    row = prefetch_batches(Slow(), replace(plan, workers=2), range(4))
    first = next(row)["x"]
    asked = time.monotonic() + 0.5
    time.sleep(0.5)
    second, third = next(row)["x"], next(row)["x"]
    row.close()
    assert second[0] < asked, "it was drawn only when it was asked for"
    assert len({first[1].item(), second[1].item(), float(os.getpid())}) == 3
    assert third[1] == first[1]


def test_closing_ends_the_workers(plan):
    class Tells(Line):
        def batch(self, size: int, rng: np.random.Generator) -> Batch:
            return {"x": torch.tensor(os.getpid())}

    row = prefetch_batches(Tells(), replace(plan, workers=1), range(9))
    worker = int(next(row)["x"])
    row.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_errors_with_a_hint_keep_it(plan):
    class Refuses(Line):
        def batch(self, size: int, rng: np.random.Generator) -> Batch:
            raise TrainError("a picture is gone", hint="bring it back")

    with pytest.raises(TrainError, match="a picture is gone") as caught:
        drawn(replace(plan, workers=1), range(2), Refuses())
    assert caught.value.hint == "bring it back"


def test_a_bug_keeps_its_traceback(plan):
    class Broken(Line):
        def batch(self, size: int, rng: np.random.Generator) -> Batch:
            raise KeyError("x")

    with pytest.raises(KeyError) as caught:
        drawn(replace(plan, workers=1), range(2), Broken())
    assert "in batch\n" in caught.value.__notes__[0]


def test_workers_leave_when_their_parent_is_killed():
    """A killed parent closes nothing; were a worker to hold its own pipe open, it would stay."""
    script = f"""
import multiprocessing, os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from toy_objective import Line
from animate_cli.train.engine.prefetch import prefetch_batches
from animate_cli.train.recipe import StepRecipe
row = prefetch_batches(Line(), StepRecipe(batch=300_000, workers=2), range(1000))
next(row)
os.kill(os.getpid(), signal.SIGKILL)
"""
    # the workers inherit stdout: it ends when the last of them has
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
