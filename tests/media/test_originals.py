"""Real videos: decoded and encoded again with their sound, nothing is lost or shifted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from places import SHARED
from sync import lag_s

from animate_cli.media.audio_plan import plan_audio
from animate_cli.media.container.probe import probe
from animate_cli.media.input_file import open_input
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.reader import open_driver
from animate_cli.media.writer import open_writer
from animate_cli.options import OutputOptions, ReadOptions

FOLDER = SHARED / "data" / "originals"
ORIGINALS = sorted(FOLDER.glob("*.m*")) if FOLDER.is_dir() else []


def remade(path: Path, output: Path, marking: Marking, options: ReadOptions) -> None:
    """Copy a driver through the reader and the writer, and check counts and duration."""
    plan = plan_audio("driver", driver=open_input(path), start_s=options.start_s)
    with open_driver(path, options) as reader:
        with open_writer(
            output,
            width=reader.info.width,
            height=reader.info.height,
            rate=reader.info.rate,
            options=OutputOptions(preset="ultrafast"),
            marking=marking,
            audio=plan,
        ) as writer:
            times = []
            for frame in reader:
                writer.write(frame.pixels, frame.time_s)
                times.append(frame.time_s)
        made = probe(output)
        assert made.frames == writer.frames == reader.decoded
        if reader.expected is not None and not reader.info.is_variable:
            assert abs(reader.expected - reader.decoded) <= 1
        length = times[-1] + 1 / reader.info.rate
        assert made.duration_s is not None
        assert abs(made.duration_s - length) <= 1 / reader.info.rate
        with av.open(str(output)) as container:
            assert abs(container.duration / av.time_base - float(length)) <= 1 / reader.info.rate
        if plan is not None:
            assert plan.start_s == reader.origin_s
            assert abs(lag_s(path, output, plan.start_s, length)) <= 0.020
    with open_driver(output, ReadOptions()) as again:
        assert all(
            abs(f.time_s - t) <= Fraction(1, 90_000) for f, t in zip(again, times, strict=True)
        )
    assert read_marking(output) == marking


@pytest.mark.slow
@pytest.mark.skipif(not ORIGINALS, reason="needs ../shared/data")
@pytest.mark.parametrize("path", ORIGINALS, ids=lambda p: p.name[:24])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1237, 1000)])
def test_real_videos_keep_frames_duration_and_sync(
    path: Path, start: Fraction, tmp_path: Path, marking: Marking
) -> None:
    length = None if start == 0 else Fraction(4, 5)
    options = ReadOptions(start_s=start, duration_s=length)
    remade(path, tmp_path / "o.mp4", marking, options)
