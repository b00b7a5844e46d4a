"""Bar: every original video moves five portraits: no crash, exact frames, duration and sound."""

from __future__ import annotations

from pathlib import Path

import pytest
from sync import lag_s

from animate_cli import Animator, Options
from animate_cli.media.container.probe import probe
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions

PORTRAITS = 5
MOST_LAG_S = 0.020


def portraits(data: Path) -> list[Path]:
    """Five of the validation portraits, spread over the folder."""
    pictures = sorted((data / "images" / "val").glob("*.jpg"))
    return pictures[:: len(pictures) // PORTRAITS][:PORTRAITS]


def originals(data: Path) -> list[Path]:
    return sorted(path for path in (data / "originals").iterdir() if path.suffix != ".npz")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_originals_on_five_portraits(data, tmp_path):
    for driver in originals(data):
        with open_driver(driver, ReadOptions()) as reader:
            frames = sum(1 for _ in reader)
            length, beat, begin = reader.info.duration_s, 1 / reader.info.rate, reader.origin_s
        for source in portraits(data):
            output = tmp_path / "out.mp4"
            report = Animator(Options()).animate(source, driver, output)
            made = probe(output)
            assert report.frames == made.frames == frames, (source, driver)
            assert length is None or abs(made.duration_s - length) <= beat, (source, driver)
            lag = lag_s(driver, output, begin, made.duration_s) if made.audio else 0.0
            assert abs(lag) <= MOST_LAG_S, (source, driver)
            print(
                f"{driver.name[:32]:32} {source.name[:32]:32} {frames} frames,"
                f" lost {report.lost}, {report.fps:.1f} frames/s, sound {1000 * lag:+.0f} ms"
            )
            output.unlink()
