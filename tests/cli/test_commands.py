"""The commands end to end in the toy world: what is printed where, and what is written."""

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
from toy_world import ToyWorld

from animate_cli.cli.progress import line
from animate_cli.report import Progress, Step

SLOW_TOY = """
import sys, time
import toy_world
from animate_cli.cli import main
from animate_cli.faces.landmarks import network as landmarks
from animate_cli.stages import networks

class Slow(toy_world.ToyLandmarker):
    def __call__(self, squares):
        time.sleep(0.02)
        return super().__call__(squares)

landmarks.load_landmarker = lambda **_: Slow()
networks.make_proposer = lambda _: toy_world.ToyProposer()
sys.argv = ["animate", *sys.argv[1:]]
main()
"""


def test_stdout_is_the_path_and_nothing_else(toy: ToyWorld) -> None:
    answer = animate(toy.photo(), "--driver", toy.driver(), "-o", "out.mp4")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "out.mp4\n"
    assert "frames/s" in answer.stderr
    assert Path("out.mp4").is_file()


def test_quiet_says_nothing_but_the_path(toy: ToyWorld) -> None:
    answer = animate("-q", toy.photo(), "--driver", toy.driver(), "-o", "out.mp4")
    assert (answer.stdout, answer.stderr) == ("out.mp4\n", "")


def test_json_summary(toy: ToyWorld) -> None:
    driver = toy.driver(frames=10, without_face=[6])
    summary = json.loads(animate(toy.photo(), "--driver", driver, "--json").stdout)
    assert summary["output"] == "photo--driver.mp4"
    assert summary["frames"] == 10
    assert summary["rate"] == "25"
    assert summary["duration_s"] == pytest.approx(0.4)
    assert summary["lost"] == 1
    assert summary["notes"]
    assert {"stage", "seconds"} == summary["timings"][0].keys()
    assert {"python", "torch", "av"} <= {one["package"] for one in summary["versions"]}
    assert len(summary["weights"][0]["sha256"]) == 64


def test_trimming(toy: ToyWorld) -> None:
    arguments = ("--start", "0.2", "--duration", "0.12s", "--json")
    answer = animate(toy.photo(), "--driver", toy.driver(frames=25), *arguments)
    assert json.loads(answer.stdout)["frames"] == 3


def test_settings_reach_the_run(toy: ToyWorld) -> None:
    Path("animate.toml").write_text('size = 64\nside-by-side = true\npreset = "ultrafast"\n')
    photo, driver = toy.photo(), toy.driver()
    summary = json.loads(animate(photo, "--driver", driver, "--json").stdout)
    assert summary["height"] == 48
    assert summary["width"] == 64 * 3
    summary = json.loads(
        animate(photo, "-d", driver, "--json", "--size", "100", "-o", "b.mp4").stdout
    )
    assert summary["width"] == 300


def test_track_writes_a_template_and_its_overlay(toy: ToyWorld) -> None:
    answer = animate("track", toy.driver(), "-o", "t.npz", "--overlay", "o.mp4")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "t.npz\n"
    assert Path("o.mp4").is_file()
    assert animate("track", "driver.mp4", "-o", "t.npz").exit_code == 1
    assert animate("track", "driver.mp4", "-o", "t.npz", "--overwrite").exit_code == 0
    assert animate(toy.photo(), "--driver", "t.npz").stdout == "photo--t.mp4\n"


def test_show_faces_writes_a_preview_and_stops(toy: ToyWorld) -> None:
    answer = animate(toy.photo(), "--show-faces")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "photo--faces.png\n"
    assert Path("photo--faces.png").is_file()


def test_bench_prints_medians_and_references(toy: ToyWorld) -> None:
    answer = animate("bench", toy.photo(), "-d", toy.driver(), "--rounds", "1", "--json")
    assert answer.exit_code == 0, answer.output
    figures = json.loads(answer.stdout)
    assert figures["frames"] == 12
    assert figures["engine"] == "torch"
    assert figures["ratio"] == pytest.approx(figures["render_fps"] / figures["transcode_fps"])
    assert {"render", "encode"} <= {stage for stage, _ in figures["stages"]}


def test_a_line_of_progress() -> None:
    progress = Progress(step=Step.RENDER, done=50, total=150, elapsed_s=2.0)
    assert line(progress) == "animating: 50 of 150 frames, 25.0 frames/s, 4 s left"
    unknown = Progress(step=Step.TRACK, done=50, total=None, elapsed_s=2.0)
    assert line(unknown) == "tracking the driver: 50 frames, 25.0 frames/s"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are POSIX")
@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGTERM, "tracking"), (signal.SIGINT, "animating")]
)
def test_an_interrupt_leaves_nothing_half_written(
    toy: ToyWorld, number: signal.Signals, said: str
) -> None:
    photo, driver = toy.photo(size=(1600, 1200)), toy.driver(frames=100)
    before = set(toy.folder.rglob("*"))
    tests = Path(__file__).parents[1]
    paths = os.pathsep.join([str(tests), str(tests.parent)])
    arguments = [str(photo), "--driver", str(driver), "-o", "out.mp4", "--threads", "1"]
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_TOY, *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        assert process.stderr is not None
        heard = ""
        while said not in heard:
            heard = process.stderr.readline()
            assert heard, "the program ended early"
        time.sleep(0.1)
        process.send_signal(number)
        rest = process.communicate(timeout=30)[1]
    assert process.returncode == 130, rest
    assert "interrupted" in rest
    assert set(toy.folder.rglob("*")) == before
