"""Bars of batches: two workers against one, the journal's cost, a driver's second portrait.

A worker's stages are threads that overlap, so that even `--threads 1` keeps more than one core
busy; "one worker with one thread" is therefore bound to one core here, "two workers" to two.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import cv2
import pytest
from test_memory import EXAMPLES

from animate_cli import Animator, ComputeOptions, Options
from animate_cli.batch.journal import BatchJournal
from animate_cli.batch.options import BatchOptions
from animate_cli.batch.plan import plan_batch
from animate_cli.batch.run import run_batch
from animate_cli.batch.status import BatchSummary
from animate_cli.cli.cells import override
from animate_cli.stages.trajectories import TrajectoryCache

JOBS = 16


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "photos"
    folder.mkdir()
    portrait = cv2.imread(str(EXAMPLES / "portrait.png"))
    for number in range(JOBS):
        cv2.imwrite(
            str(folder / f"{number:02d}.png"),
            cv2.convertScaleAbs(portrait, None, 1 - 0.01 * number),
        )
    return folder


def run(photos: Path, out: str, *, workers: int) -> BatchSummary:
    """All photos with the example driver, the driver's motion known beforehand."""
    plan = plan_batch(
        [str(photos)],
        [str(EXAMPLES / "driver.mp4")],
        photos.parent / out,
        Options(compute=ComputeOptions(threads=1)),
        override=override,
    )
    summary = run_batch(plan, BatchOptions(workers=workers))
    assert summary.is_complete
    return summary


@pytest.mark.bench
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_two_workers_do_1_6_times_what_one_does(photos: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("needs two cores")
    run(photos, "warm", workers=2)
    try:
        os.sched_setaffinity(0, cores[:1])
        one_s = run(photos, "one", workers=1).elapsed_s
        os.sched_setaffinity(0, cores[:2])
        two_s = run(photos, "two", workers=2).elapsed_s
        loose_s = run(photos, "loose", workers=1).elapsed_s
    finally:
        os.sched_setaffinity(0, cores)
    print(f"{JOBS} jobs: one worker on one core {one_s:.1f} s, two on two {two_s:.1f} s")
    print(f"two workers: {one_s / two_s:.2f} x; one worker on two cores: {one_s / loose_s:.2f} x")
    assert one_s / two_s >= 1.6


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_the_journal_costs_a_hundredth_at_most(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent_s = {"append": 0.0, "settle": 0.0}

    def time_it(name: str) -> None:
        real = getattr(BatchJournal, name)

        def timed(*words: object) -> None:
            begun = time.perf_counter()
            real(*words)
            spent_s[name] += time.perf_counter() - begun

        monkeypatch.setattr(BatchJournal, name, timed)

    time_it("append")
    time_it("settle")
    elapsed_s = run(photos, "out", workers=2).elapsed_s
    shares = {name: spent / elapsed_s for name, spent in spent_s.items()}
    print(f"workers wait for it: {shares['append']:.3%}; beside their work: {shares['settle']:.3%}")
    assert shares["append"] <= 0.01


@pytest.mark.bench
def test_a_drivers_second_portrait_needs_no_pass_1(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = TrajectoryCache(tmp_path / "kept")
    animator = Animator(trajectories=kept)
    driver = EXAMPLES / "driver.mp4"
    animator.animate(photos / "00.png", driver, tmp_path / "0.mp4")

    def looked(*_: object, **__: object) -> None:
        raise AssertionError("the driver was looked at again")

    monkeypatch.setattr("animate_cli.stages.driver.track", looked)
    monkeypatch.setattr("animate_cli.stages.networks.make_proposer", looked)
    took: list[float] = []
    recall = TrajectoryCache.recall

    def timed(*words: object, **named: object) -> object:
        begun = time.perf_counter()
        found = recall(*words, **named)  # type: ignore[arg-type]
        took.append(time.perf_counter() - begun)
        return found

    monkeypatch.setattr(TrajectoryCache, "recall", timed)
    animator.animate(photos / "01.png", driver, tmp_path / "1.mp4")
    print(f"pass 1 of the second portrait: {took[0]:.3f} s")
    assert took[0] <= 0.2
