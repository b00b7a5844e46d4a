"""kill -9 at random points: what is resumed ends as what was never disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from toy_batch import Toys

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "examples"
JOBS, KILLS = 60, 20

TOY_RUN = """
import sys
from pathlib import Path
from toy_batch import Toys
if __name__ == "__main__":
    Toys(Path(sys.argv[1])).run()
"""


def wait_for(condition, *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_workers_leave_with_a_killed_parent(toys: Toys) -> None:
    toys.sources({"a": "once hang", "b": "ok"})
    script = toys.folder / "run.py"
    script.write_text(TOY_RUN)
    marks = toys.folder / "in" / "a.marks"
    run = subprocess.Popen(
        [sys.executable, script, toys.folder], env={**os.environ, "PYTHONPATH": str(HERE)}
    )
    try:
        wait_for(marks.is_file)
        wait_for(lambda: toys.attempts("a"))
        [[worker, _]] = toys.attempts("a")
        assert is_alive(int(worker))
    finally:
        run.kill()
        run.wait()
    wait_for(lambda: not is_alive(int(worker)))
    assert toys.run().is_complete
    assert toys.leftovers() == []


@pytest.mark.skipif(os.name == "nt", reason="needs groups of processes")
def test_a_whole_group_asked_to_end_drains(toys: Toys) -> None:
    toys.sources({"a": "slow", "b": "ok"})
    script = toys.folder / "run.py"
    script.write_text(TOY_RUN)
    place = {**os.environ, "PYTHONPATH": str(HERE)}
    run = subprocess.Popen([sys.executable, script, toys.folder], env=place, start_new_session=True)
    wait_for((toys.folder / "in" / "a.marks").is_file)
    os.killpg(run.pid, signal.SIGTERM)
    assert run.wait(60) == 0
    assert toys.states()["a"] == "done"
    assert len(toys.attempts("a")) == 1


def make_photos(folder: Path) -> None:
    """Sixty pictures of one person, no two alike."""
    folder.mkdir()
    portrait = cv2.imread(str(EXAMPLES / "portrait.png"))
    for number in range(JOBS):
        side = 128 + 2 * (number % 10)
        small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        light = 0.7 + 0.005 * number
        cv2.imwrite(str(folder / f"{number:02d}.png"), (small * light).astype(np.uint8))


def command(folder: Path, out: Path) -> list[str]:
    words = [*("batch", folder / "photos", "--driver", EXAMPLES / "driver.mp4", "-o", out)]
    words += ["--duration", "0.2", "--threads", "1", "--workers", "2", "-q"]
    return [sys.executable, "-m", "animate_cli", *map(str, words)]


def rows(out: Path) -> int:
    journal = out / "batch.jsonl"
    return journal.read_bytes().count(b"\n") if journal.is_file() else 0


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.skipif(os.name == "nt", reason="needs groups of processes")
def test_killed_twenty_times_it_ends_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    make_photos(tmp_path / "photos")
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    subprocess.run(command(tmp_path, calm), check=True)
    dice = random.Random(0)
    for kill in range(KILLS):
        enough = rows(rough) + dice.randint(1, 6)
        run = subprocess.Popen(command(tmp_path, rough), start_new_session=True)
        wait_for(lambda enough=enough: rows(rough) >= enough, seconds=600)
        time.sleep(dice.uniform(0.0, 0.5))
        assert run.poll() is None, "it ended before it could be killed"
        if kill % 2:
            os.killpg(run.pid, signal.SIGKILL)  # workers, too
        run.kill()
        run.wait()
    subprocess.run(command(tmp_path, rough), check=True)
    names = sorted(file.name for file in calm.iterdir())
    assert sorted(file.name for file in rough.iterdir()) == names
    results = [name for name in names if name.endswith(".mp4")]
    assert len(results) == JOBS
    for name in results:
        one, other = pictures(calm / name), pictures(rough / name)
        assert len(one) == len(other) == 5
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)), name
