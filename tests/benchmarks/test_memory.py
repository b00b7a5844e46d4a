"""Bars: peak memory of the whole job, at 1080p and 4K, and against the driver's length."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
from places import EXAMPLES

from animate_cli.faces.paste import resize
from animate_cli.media.images.image import read_photo, write_image
from animate_cli.options import ReadOptions

GIB = 2**30


def photo(folder: Path, width: int, height: int) -> Path:
    """The example portrait at another size, cut to its shape."""
    pixels = read_photo(EXAMPLES / "portrait.png", max_pixels=ReadOptions().max_pixels).pixels
    square = resize(pixels, width, width)
    path = folder / f"{width}x{height}.png"
    write_image(path, square[:height], overwrite=True)
    return path


def repeated(path: Path, times: int) -> Path:
    """The example driver over and over, its packets copied."""
    with av.open(str(path), "w") as out:
        stream, at = None, 0
        for _ in range(times):
            with av.open(str(EXAMPLES / "driver.mp4")) as source:
                video = source.streams.video[0]
                stream = stream or out.add_stream_from_template(video)
                step = int(Fraction(1) / video.average_rate / video.time_base)
                packets = [packet for packet in source.demux(video) if packet.size]
                for packet in packets:
                    packet.pts, packet.dts = packet.pts + at, packet.dts + at
                    packet.stream = stream
                    out.mux(packet)
                at += step * len(packets)
    return path


def peak_bytes(*arguments: str | Path) -> int:
    """Run the command line and give its largest resident set."""
    command = [sys.executable, "-m", "animate_cli", *map(str, arguments), "--quiet"]
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


needs_wait4 = pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs POSIX wait4")


@pytest.mark.bench
@needs_wait4
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("width", "height", "most"), [(1920, 1080, 1 * GIB), (3840, 2160, 2 * GIB)]
)
def test_peak_memory(tmp_path, width, height, most):
    source = photo(tmp_path, width, height)
    peak = peak_bytes(source, "--driver", EXAMPLES / "driver.mp4", "-o", tmp_path / "o.mp4")
    print(f"{width}x{height}: peak {peak / GIB:.2f} GiB")
    assert peak <= most


@pytest.mark.bench
@needs_wait4
@pytest.mark.timeout(3600)
def test_ten_minutes_take_no_more_memory_than_ten_seconds(tmp_path):
    short, long = repeated(tmp_path / "s.mp4", 2), repeated(tmp_path / "l.mp4", 75)
    source = EXAMPLES / "portrait.png"
    peaks = [
        peak_bytes(source, "--driver", driver, *span, "-o", tmp_path / f"{driver.stem}-o.mp4")
        for driver, span in ((short, ("--duration", "10")), (long, ()))
    ]
    print(f"10 s: {peaks[0] / GIB:.3f} GiB, 10 min: {peaks[1] / GIB:.3f} GiB")
    assert peaks[1] <= 1.05 * peaks[0]
