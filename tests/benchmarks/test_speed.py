"""Bars: frames a second of the whole job, and how soon a run answers. Needs a quiet machine."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_memory import EXAMPLES, photo

from animate_cli import Animator, MotionOptions, Options, OutputOptions
from animate_cli.cli.bench import measure


def command_s(*arguments: str | Path) -> float:
    """Seconds from start to end of one command."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "animate_cli", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


@pytest.mark.bench
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("model", "least"), [("sparse_to_dense", 30), ("thin_plate", 40)])
def test_a_512_face_in_real_time(model, least):
    options = Options(motion=MotionOptions(model=model))
    bench = measure(EXAMPLES / "portrait.png", EXAMPLES / "driver.mp4", options=options, rounds=5)
    print(model, bench)
    assert bench.fps >= least


@pytest.mark.bench
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("model", "least_ratio"), [("sparse_to_dense", 0.0), ("thin_plate", 0.5)])
def test_4k_at_3_frames_a_second_and_half_of_bare_transcoding(tmp_path, model, least_ratio):
    motion = MotionOptions(model=model)
    options = Options(motion=motion, output=OutputOptions(preset="veryfast"))
    source = photo(tmp_path, 3840, 2160)
    bench = measure(source, EXAMPLES / "driver.mp4", options=options, rounds=3)
    print(model, bench)
    assert bench.fps >= 3
    assert bench.ratio >= least_ratio


@pytest.mark.bench
def test_help_within_half_a_second():
    seconds = statistics.median(command_s("--help") for _ in range(5))
    print(f"animate --help: {seconds:.2f} s")
    assert seconds <= 0.5


@pytest.mark.bench
def test_first_frame_within_five_seconds_of_a_cached_template(tmp_path):
    template = tmp_path / "t.npz"
    Animator().track(EXAMPLES / "driver.mp4", template)
    script = (
        "import sys; from animate_cli import Animator;"
        f"next(Animator().frames({str(EXAMPLES / 'portrait.png')!r}, {str(template)!r}))"
    )
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True)
    seconds = time.perf_counter() - begun
    print(f"first frame after {seconds:.2f} s")
    assert seconds <= 5
