"""`animate batch` from the shell, with the real networks and the example."""

from __future__ import annotations

import io
import json
import shutil
import time
from pathlib import Path

import av
import cv2
import pytest
from places import EXAMPLES
from refusal import animate
from rich.console import Console
from typer.testing import CliRunner, Result

from animate_cli.batch.estimate import OPEN_S
from animate_cli.batch.status import BatchStatus, WorkerSlot
from animate_cli.cli.app import app
from animate_cli.cli.batch_table import printable, table_of
from animate_cli.cli.console import strip_control_characters
from animate_cli.report import Progress, Step


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    (tmp_path / "photos").mkdir()
    portrait = cv2.imread(str(EXAMPLES / "portrait.png"))
    small = cv2.resize(portrait, (192, 192), interpolation=cv2.INTER_AREA)
    cv2.imwrite("photos/a.png", small)
    cv2.imwrite("photos/b.png", small[:, ::-1])
    shutil.copy(EXAMPLES / "driver.mp4", "driver.mp4")
    return tmp_path


def batch(*arguments: str) -> Result:
    words = [
        "batch",
        "photos",
        "--driver",
        "driver.mp4",
        "-o",
        "out",
        "--duration",
        "0.2",
        "--threads",
        "1",
    ]
    return CliRunner().invoke(app, [*words, *arguments], env={"NO_COLOR": "1"})


def frames(path: str) -> int:
    with av.open(path) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_folder_is_animated_once_and_only_once(photos: Path) -> None:
    (photos / "photos" / "c.png").write_text("no picture")
    first = batch("--workers", "1", "--json")
    assert first.exit_code == 1, first.output
    said = json.loads(first.stdout)
    assert (said["total"], said["done"], said["left"]) == (3, 2, 0)
    assert "c--driver.mp4" in said["failures"][0]["job"]
    assert "hint:" in first.stderr
    assert "Traceback" not in first.output
    assert [frames(f"out/{name}--driver.mp4") for name in "ab"] == [5, 5]
    assert len(list((photos / "home" / "trajectories").glob("*.npz"))) == 1
    (photos / "photos" / "c.png").unlink()
    before = {file: file.stat().st_mtime_ns for file in Path("out").glob("*.mp4")}
    again = batch("--workers", "1")
    assert again.exit_code == 0, again.output
    assert again.stdout == "out\n"
    assert {file: file.stat().st_mtime_ns for file in Path("out").glob("*.mp4")} == before
    (photos / "home").rename(photos / "elsewhere")
    changed = batch("--workers", "1", "--strength", "0.5", "--no-cache", "--json")
    assert json.loads(changed.stdout)["done"] == 2
    assert not (photos / "home" / "trajectories").exists()


def test_a_dry_run_counts_and_writes_nothing(photos: Path) -> None:
    (photos / "photos" / "c.png").write_text("no picture")
    before = sorted(photos.rglob("*"))
    told = json.loads(batch("--dry-run", "--json", "--workers", "1").stdout)
    assert sorted(photos.rglob("*")) == before
    assert (told["jobs"], told["sources"], told["drivers"], told["frames"]) == (3, 3, 1, 10)
    assert told["unreadable"] == ["photos/c.png"]
    assert told["seconds"] > OPEN_S
    assert 0 < told["bytes"] < told["bytes_free"]
    plain = batch("--dry-run")
    assert plain.exit_code == 0
    assert "3 jobs: 3 sources, 1 drivers" in plain.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["batch", "none*", "--driver", "driver.mp4", "-o", "out"], "names no file"),
        (["batch", "photos", "-o", "out"], "no driver is given"),
        (["batch", "photos", "-d", "driver.mp4", "-o", "out", "--shard", "3/2"], "--shard 3/2"),
        (["batch", "photos", "-d", "driver.mp4", "-o", "out", "--name", "../x"], "--name"),
        (["batch", "photos", "-d", "driver.mp4", "-o", "driver.mp4"], "driver.mp4"),
    ],
)
def test_what_makes_no_sense_is_refused(photos: Path, arguments: list[str], says: str) -> None:
    answer = animate(*arguments)
    assert answer.exit_code == 1, answer.output
    assert says in answer.stderr
    assert "hint:" in answer.stderr
    assert not (photos / "out").exists()


def test_the_table_shows_each_worker() -> None:
    at = Progress(step=Step.RENDER, done=5, total=10, elapsed_s=0.5)
    busy = WorkerSlot(number=1, job="a.mp4", attempt=2, progress=at, begun_s=time.monotonic())
    starting = WorkerSlot(number=2, job="b.mp4", begun_s=time.monotonic())
    slots = [busy, starting, WorkerSlot(number=3)]
    status = BatchStatus(total=9, before=2, done=1, failed=1, retries=1, slots=slots)
    screen = Console(file=io.StringIO(), width=120)
    screen.print(table_of(status))
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    for text in ("1 done, 2 done before, 1 failed, 1 retries, 5 of 9 left", "5 of 10", "10.0"):
        assert text in shown
    assert "a.mp4 (attempt 2)" in shown
    assert "starting" in shown


def test_names_cannot_steer_a_terminal() -> None:
    assert (
        strip_control_characters("error: a\x1b[2J\u202eb\n\thint")
        == "error: a\ufffd[2J\ufffdb\n\thint"
    )
    assert printable("a\x1b[2J\nb") == "a?[2J?b"
    assert len(printable("x" * 500)) <= 48
