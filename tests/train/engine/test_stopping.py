"""Whatever stops a training: a clear end, and a checkpoint to go on from."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_objective import Line, same, stored

from animate_cli.errors import Cancelled, TrainError
from animate_cli.train.engine import checkpoint
from animate_cli.train.engine.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from animate_cli.train.objective import Batch


class Deadly(Line):
    """Its worker dies, as the kernel ends one when memory is short, at one batch."""

    def __init__(self, *, at: float) -> None:
        super().__init__()
        self.at, self.main = at, os.getpid()
        self.fatal = np.random.default_rng((0, at)).uniform(-1, 1)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        batch = super().batch(size, rng)
        if os.getpid() != self.main and abs(batch["x"][0, 0].item() - self.fatal) < 1e-6:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch


def test_a_loss_that_is_not_a_number_stops_with_a_usable_checkpoint(run, tmp_path):
    with pytest.raises(TrainError, match="nan at step 7"):
        run("poisoned", line=Line(poison_at=8))
    assert stored(tmp_path / "poisoned")["step"] == 5
    run("poisoned")
    run("whole")
    assert same(tmp_path / "poisoned", tmp_path / "whole")


def test_a_dead_worker_stops_with_a_usable_checkpoint(run, tmp_path, plan):
    plan = replace(plan, workers=1)
    with pytest.raises(TrainError, match="worker died") as caught:
        run("dead", plan, Deadly(at=12))
    assert "resume" in caught.value.hint
    assert stored(tmp_path / "dead")["step"] in (5, 10)
    run("dead", plan)
    run("whole", plan)
    assert same(tmp_path / "dead", tmp_path / "whole")


def test_an_error_in_a_worker_is_the_error_of_the_training(run, plan):
    class Broken(Line):
        def batch(self, size: int, rng: np.random.Generator) -> Batch:
            raise KeyError("absent picture")

    with pytest.raises(KeyError, match="absent picture"):
        run("broken", replace(plan, workers=1), Broken())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [0, 1])
def test_an_interrupt_finishes_the_step_and_saves_it(run, tmp_path, plan, number, workers):
    usual = signal.getsignal(number)

    def interrupt(logged) -> None:
        if logged.step == 7:
            signal.raise_signal(number)

    plan = replace(plan, workers=workers)
    with pytest.raises(Cancelled, match="after step 7, which is saved"):
        run("halted", plan, on_step=interrupt)
    assert signal.getsignal(number) == usual
    assert stored(tmp_path / "halted")["step"] == 7
    run("halted", plan)
    run("whole", plan)
    assert same(tmp_path / "halted", tmp_path / "whole")


def test_a_second_interrupt_does_not_wait(run):
    class Patient(Line):
        def evaluate(self, network):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            return super().evaluate(network)

    with pytest.raises(KeyboardInterrupt):
        run("impatient", line=Patient())


@pytest.fixture
def small_disk():
    """No file may grow beyond 64 KiB: writing fails midway, as on a full disk."""
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)

    def shrink() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, usual[1]))

    yield shrink
    resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path, small_disk):
    path = tmp_path / "last.pt"
    empty = Checkpoint(network={}, average={}, optimiser={}, step=3, best=1.0)
    save_checkpoint(empty, path)
    small_disk()
    with pytest.raises(TrainError, match="cannot save") as caught:
        save_checkpoint(replace(empty, network={"w": torch.zeros(100_000)}, step=4), path)
    assert "make room" in caught.value.hint
    assert load_checkpoint(path).step == 3
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


def test_a_power_cut_during_a_save_leaves_the_last_checkpoint_whole(tmp_path, monkeypatch):
    path = tmp_path / "last.pt"
    empty = Checkpoint(network={}, average={}, optimiser={}, step=3, best=1.0)
    save_checkpoint(empty, path)
    order = []
    fsync = os.fsync
    monkeypatch.setattr(
        checkpoint.os, "fsync", lambda handle: (order.append("sync"), fsync(handle))
    )
    replacing = type(path).replace
    monkeypatch.setattr(
        type(path), "replace", lambda self, to: (order.append("rename"), replacing(self, to))[1]
    )
    save_checkpoint(replace(empty, step=4), path)
    assert order == ["sync", "rename", "sync"]
    assert load_checkpoint(path).step == 4


def test_a_checkpoint_without_the_newer_parts_is_read(tmp_path):
    path = tmp_path / "last.pt"
    older = {"network": {}, "average": {}, "optimiser": {}, "step": 3, "best": 1.0}
    torch.save(older, path)
    assert load_checkpoint(path).step == 3


@pytest.mark.parametrize("part", ["log.csv", "best.safetensors", "sheets"])
def test_whatever_cannot_be_written_is_told_with_its_name(run, tmp_path, part):
    (tmp_path / "full").mkdir()
    place = tmp_path / "full" / part
    if part == "sheets":
        place.write_text("in the way")
    else:
        place.mkdir()
    with pytest.raises(TrainError, match="cannot save"):
        run("full")
