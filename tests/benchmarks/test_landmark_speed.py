"""Bars: the landmark network and the whole tracking pass. Needs a quiet machine."""

import statistics
import time

import numpy as np
import pytest
import torch
from places import EXAMPLES

from animate_cli.cli.bench import grid_sample_s
from animate_cli.device import open_device
from animate_cli.faces.crop import cut, landmark_square
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.tracking.follower import MAX_AHEAD
from animate_cli.media.input_file import open_input
from animate_cli.media.reader import open_driver
from animate_cli.options import ComputeOptions, Options, ReadOptions
from animate_cli.report import Watch
from animate_cli.stages.driver import track_driver

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
    batch = np.repeat(square[None], MAX_AHEAD, axis=0)
    together = ms(lambda: network(batch)) / MAX_AHEAD
    reference = 1000 * grid_sample_s()
    print(
        f"\nlandmarks, torch {torch.__version__} with folded normalisations, channels last,"
        f" {torch.get_num_threads()} threads: {one:.1f} ms a frame alone, {together:.1f} ms in"
        f" batches of {MAX_AHEAD}; grid_sample 1024²: {reference:.1f} ms;"
        f" ratio {together / reference:.2f}"
    )
    assert together <= 8


@pytest.mark.bench
def test_tracking_at_100_frames_a_second():
    """As a run follows its driver: from the file, decoded ahead by a thread, smoothed."""
    network, options, driver = load_landmarker(), Options(), EXAMPLES / "driver.mp4"

    def tracked():
        watch = Watch(None)
        return track_driver(open_input(driver), network, options, watch=watch)

    frames = len(tracked().trajectory)
    per_second = 1000 * frames / ms(tracked)
    print(
        f"\ntracking 512x512: {per_second:.0f} frames/s, decoding and smoothing included;"
        f" grid_sample 1024²: {1000 * grid_sample_s():.1f} ms"
    )
    assert per_second >= 100
