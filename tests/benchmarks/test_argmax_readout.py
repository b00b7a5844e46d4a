"""Heatmaps read out by their highest cell."""

import av
import numpy as np
import pytest
import torch
from argmax_readout import (
    ArgmaxLandmarker,
    highest,
    read_network,
)
from places import EXAMPLES

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.faces.crop import cut, landmark_square
from animate_cli.faces.landmarks.network import LandmarkConfig, Landmarker, LandmarkNet
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_normalised
from animate_cli.layers.weight_io import save_half

SMALL = LandmarkConfig(size=64, stem=8, width=16, depth=2)


def bumps(points):
    """Log densities with their tops at points (1, K, 2), in cells of 16 x 24."""
    normalised = points_to_normalised(torch.tensor(points), 16, 24)
    return heatmap.gaussian(normalised, 16, 24, sigma_cells=1.5).log()


@pytest.mark.parametrize(
    ("true", "read"),
    [((7.0, 9.0), (7.0, 9.0)), ((7.3, 8.8), (7.25, 8.75)), ((6.6, 9.4), (6.75, 9.25))],
)
def test_it_is_exact_on_quarters_and_within_an_eighth_and_more_elsewhere(true, read):
    assert highest(bumps([[true]]))[0, 0].tolist() == pytest.approx(list(read))


def test_it_is_never_off_by_more_than_a_quarter_of_a_cell():
    true = np.random.default_rng(0).uniform(2, 13, (1, 200, 2))
    away = highest(bumps(true)).numpy() - true
    assert np.abs(away).max() <= 0.25 + 1e-6
    assert np.abs(away).mean() > 0.05  # the raster is there: this is what DSNT does away with


def test_the_border_is_no_obstacle():
    logits = torch.zeros(1, 2, 5, 5)
    logits[0, 0, 0, 0] = logits[0, 1, 4, 4] = 3
    assert highest(logits)[0].tolist() == [[0, 0], [4, 4]]


def test_both_readings_of_one_network_mean_the_same_pixels():
    network = read_network(hub.verified_path("landmarks"))
    truth = np.load(EXAMPLES / "driver_truth.npz")["landmarks"][0]
    with av.open(str(EXAMPLES / "driver.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    square = cut(frame, landmark_square(truth, network.config.size))[None]
    (top, sure), (mean, sure_too) = ArgmaxLandmarker(network)(square), Landmarker(network)(square)
    cell_px = 4
    away = np.linalg.norm(top - mean, axis=-1)
    assert np.median(away) < 0.5 * cell_px
    assert np.abs((top - mean).mean(axis=(0, 1))).max() < 0.15 * cell_px  # the same raster
    assert sure == pytest.approx(sure_too, abs=1e-3)


def test_a_file_gives_its_network_back(tmp_path):
    network = LandmarkNet(SMALL)
    save_half(network, SMALL, tmp_path / "net.safetensors", notes={"kind": "landmarks"})
    again = read_network(tmp_path / "net.safetensors")
    assert again.config == SMALL
    assert torch.allclose(again.conv1.weight, network.conv1.weight.half().float())
    with pytest.raises(WeightsError):
        read_network(tmp_path / "none.safetensors")
