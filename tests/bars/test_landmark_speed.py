"""Bars: the landmark network and the whole tracking pass. Needs a quiet machine."""

import statistics
import time
from pathlib import Path

import numpy as np
import pytest

from animate_cli.cli.bench import grid_sample_s
from animate_cli.device import open_device
from animate_cli.faces.crop import cut, landmark_square
from animate_cli.faces.follow import MOST_AHEAD
from animate_cli.faces.landmarks import load_landmarker
from animate_cli.faces.track import track
from animate_cli.media.reader import open_driver
from animate_cli.options import ComputeOptions, FaceOptions, ReadOptions

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ROUNDS = 7


@pytest.fixture(autouse=True)
def every_core():
    open_device(ComputeOptions())


def ms(work):
    """Median milliseconds of one call, after a warm-up."""
    work()
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return 1000 * statistics.median(took)


@pytest.mark.bench
def test_network_within_8_ms_a_frame():
    network = load_landmarker()
    truth = np.load(EXAMPLES / "driver_truth.npz", allow_pickle=False)["landmarks"][0]
    with open_driver(EXAMPLES / "driver.mp4", ReadOptions()) as reader:
        frame = next(iter(reader)).pixels
    square = cut(frame, landmark_square(truth, network.size))
    one = ms(lambda: [network(square[None]) for _ in range(10)]) / 10
    batch = np.repeat(square[None], MOST_AHEAD, axis=0)
    together = ms(lambda: network(batch)) / MOST_AHEAD
    reference = 1000 * grid_sample_s()
    print(
        f"\nlandmarks: {one:.1f} ms a frame alone, {together:.1f} ms in batches of {MOST_AHEAD};"
        f" grid_sample 1024²: {reference:.1f} ms; ratio {together / reference:.2f}"
    )
    assert together <= 8


@pytest.mark.bench
def test_tracking_at_100_frames_a_second():
    network = load_landmarker()

    def follow(path):
        with open_driver(path, ReadOptions()) as reader:
            info = reader.info
            t = track(reader, info, network, FaceOptions(), sha256="", on_frame=lambda _: None)
        return info, len(t)

    driver = EXAMPLES / "driver.mp4"
    info, frames = follow(driver)
    per_second = 1000 * frames / ms(lambda: follow(driver))
    print(
        f"\ntracking {info.width}x{info.height}: {per_second:.0f} frames/s, decoding included;"
        f" grid_sample 1024²: {1000 * grid_sample_s():.1f} ms"
    )
    assert per_second >= 100
