"""Real videos: decoded and encoded again with their sound, nothing is lost or shifted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from animate_cli.media.audio import plan_audio
from animate_cli.media.probe import probe
from animate_cli.media.provenance import Marking, read_marking
from animate_cli.media.reader import open_driver
from animate_cli.media.writer import open_writer
from animate_cli.options import OutputOptions, ReadOptions

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "originals"
ORIGINALS = sorted(FOLDER.glob("*.m*")) if FOLDER.is_dir() else []
HZ = 8000
SEARCH_S = 0.1


def remade(path: Path, output: Path, marking: Marking, options: ReadOptions) -> None:
    """Copy a driver through the reader and the writer, and check counts and duration."""
    plan = plan_audio("driver", driver=path, start_s=options.start_s)
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


def lag_s(path: Path, output: Path, start_s: Fraction, length_s: Fraction) -> float:
    """How late the output's sound is against the driver's, by cross-correlation."""
    before = sound(path, float(start_s), float(length_s))
    after = sound(output, 0.0, float(length_s))
    if not before.any():
        assert not after.any()
        return 0.0
    spectrum = np.fft.rfft(after, 2 * len(after)) * np.fft.rfft(before, 2 * len(before)).conj()
    match = np.fft.irfft(spectrum)
    reach = round(SEARCH_S * HZ)
    near = np.concatenate([match[-reach:], match[: reach + 1]])
    return float(np.argmax(near) - reach) / HZ


def sound(path: Path, start_s: float, length_s: float) -> np.ndarray:
    """Mono sound at HZ on the clock that begins at start_s, by the frames' time stamps."""
    line = np.zeros(round(length_s * HZ))
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=HZ)
    with av.open(str(path)) as container:
        heard = container.decode(audio=0) if container.streams.audio else ()
        for frame in heard:
            for small in resampler.resample(frame):
                assert small.pts is not None
                at = round((float(small.pts * small.time_base) - start_s) * HZ)
                block = small.to_ndarray()[0][max(-at, 0) :]
                at = max(at, 0)
                block = block[: max(len(line) - at, 0)]
                line[at : at + len(block)] = block
    return line


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
