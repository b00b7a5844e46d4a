"""`animate prepare` from the shell: many processes, a summary for scripts, Ctrl-C, lost ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from refusal import animate

TOYS = Path(__file__).parents[1]
SCRIPT = """
import os
import sys
import time

sys.path.insert(0, {folder!r})
from toy_world import ToyLandmarker, ToyProposer

from animate_cli.cli import main
from animate_cli.faces.landmarks import network as landmarks
from animate_cli.faces.tracking import track
from animate_cli.prepare.worker_task import PrepareWorker

work = PrepareWorker.work


def slowly(self, task):
    print("worker", os.getpid(), file=sys.stderr, flush=True)
    time.sleep(float(os.environ.get("PAUSE_S", "0")))
    return work(self, task)


PrepareWorker.work = slowly
landmarks.load_landmarker = lambda **_: ToyLandmarker()
track.make_proposer = lambda _: ToyProposer()
if __name__ == "__main__":  # workers import this file, too
    main()
"""
SMALL = ("--size", "64", "--least-px", "32", "--least-frames", "3", "--threads", "1")


@pytest.fixture
def start(toy):
    """Start the command on three toy videos with two jobs."""
    script = toy.folder / "animate.py"
    script.write_text(SCRIPT.format(folder=str(TOYS)), encoding="utf-8")
    (toy.folder / "raw").mkdir()
    for name, frames in (("a", 4), ("b", 5), ("c", 6)):
        toy.driver(f"raw/{name}.mp4", frames=frames)
    command = (sys.executable, str(script), "prepare", "raw", "-o", "set", *SMALL)

    def go(*words: str, pause_s: float = 0) -> subprocess.Popen[str]:
        return subprocess.Popen(
            (*command, *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PAUSE_S": str(pause_s)},
        )

    return go


def worker_of(run: subprocess.Popen[str]) -> int:
    """The process that says next that it works."""
    for line in run.stderr:
        if line.startswith("worker"):
            return int(line.split()[1])
    raise AssertionError("no worker said anything")


def test_jobs_share_the_files_and_the_summary_counts_them(start):
    run = start("--jobs", "2", "--json")
    said, told = run.communicate(timeout=240)
    assert run.returncode == 0, told
    summary = json.loads(said)
    assert (summary["done"], summary["clips"], summary["frames"]) == (3, 3, 15)
    assert len({line for line in told.splitlines() if line.startswith("worker")}) == 2
    assert "3 of 3" in told


def test_ctrl_c_stops_all_processes_and_leaves_nothing_half_written(start, toy):
    run = start("--jobs", "2", pause_s=60)
    workers = [worker_of(run) for _ in range(2)]
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted" in told
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert {path.name for path in (toy.folder / "set").iterdir()} == {
        "prepare.jsonl",
        "manifest.csv",
    }


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX signals")
def test_workers_leave_with_a_killed_parent_and_what_they_left_is_cleared(start, toy):
    run = start("--jobs", "2", pause_s=1)
    workers = [worker_of(run) for _ in range(2)]
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert any(path.name.startswith(".prepare-") for path in (toy.folder / "set").iterdir())
    again = start("--jobs", "1")
    again.communicate(timeout=240)
    assert again.returncode == 0
    assert not any(path.name.startswith(".") for path in (toy.folder / "set").iterdir())


@pytest.mark.slow
def test_a_lost_worker_is_told_and_what_is_done_stays(start, toy):
    run = start("--jobs", "2", pause_s=5)
    os.kill(worker_of(run), signal.SIGKILL)
    _, told = run.communicate(timeout=240)
    assert run.returncode == 1
    assert "died" in told
    assert "--jobs" in told


def test_a_size_of_results_in_animate_toml_is_none_of_its_squares(toy):
    (toy.folder / "animate.toml").write_text('size = "1080p"\n', encoding="utf-8")
    answer = animate("prepare", toy.driver(), "-o", "set", *SMALL[:-2])
    assert answer.exit_code == 0, answer.output
