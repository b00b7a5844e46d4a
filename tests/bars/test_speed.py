"""Bars: frames a second of the whole job, and how soon a run answers. Needs a quiet machine."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_memory import EXAMPLES, photo

from animate_cli import Animator, Options, OutputOptions
from animate_cli.cli.bench import measure


def command_s(*arguments: str | Path) -> float:
    """Seconds from start to end of one command."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "animate_cli", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_a_512_face_at_40_frames_a_second():
    bench = measure(EXAMPLES / "portrait.png", EXAMPLES / "driver.mp4", options=Options(), rounds=5)
    print(bench)
    assert bench.fps >= 40


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_4k_at_3_frames_a_second_and_half_of_bare_transcoding(tmp_path):
    options = Options(output=OutputOptions(preset="veryfast"))
    source = photo(tmp_path, 3840, 2160)
    bench = measure(source, EXAMPLES / "driver.mp4", options=options, rounds=5)
    print(bench)
    assert bench.fps >= 3
    assert bench.ratio >= 0.5


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
