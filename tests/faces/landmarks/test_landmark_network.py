"""The landmark network: shapes, fused batch normalisation, units, confidence, files."""

import numpy as np
import pytest
import torch

from animate_cli.errors import WeightsError
from animate_cli.faces.landmarks.network import (
    FUSED,
    LandmarkConfig,
    Landmarker,
    LandmarkNet,
    confidence,
)
from animate_cli.layers import heatmap
from animate_cli.layers.hourglass import HourglassBlock
from animate_cli.layers.inference.fuse_batch_norm import fuse_batch_norm
from animate_cli.layers.weight_io import load_strictly, read_config, save_half

SMALL = LandmarkConfig(size=64, stem=8, width=16, depth=2)


@pytest.fixture
def network() -> LandmarkNet:
    torch.manual_seed(0)
    net = LandmarkNet(SMALL)
    net.train()(torch.rand(8, 3, 64, 64))  # statistics other than 0 and 1
    return net.eval()


@pytest.mark.parametrize("block", list(HourglassBlock))
def test_one_set_of_maps_per_stack_at_a_quarter_of_the_size(block):
    net = LandmarkNet(LandmarkConfig(size=64, stem=8, width=16, stacks=2, depth=2, block=block))
    logits = net(torch.rand(2, 3, 64, 64))
    assert [tuple(maps.shape) for maps in logits] == [(2, 74, 16, 16)] * 2


def test_fusing_keeps_the_function_and_leaves_no_batch_normalisation(network):
    fused = fuse_batch_norm(network, FUSED)
    assert not [m for m in fused.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    squares = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(fused(squares)[0], network(squares)[0], atol=1e-4, rtol=1e-4)


def test_points_are_pixels_of_the_square(network):
    """A heatmap with a single cell gives the centre of that cell, in pixels."""
    with torch.no_grad():
        network.l0.weight.zero_()
        network.l0.bias.zero_()
    points, _ = Landmarker(network)(np.zeros((1, 64, 64, 3), np.uint8))
    assert points.shape == (1, 74, 2)
    np.testing.assert_allclose(points, 31.5, atol=1e-3)  # flat maps: the middle of the square


def test_a_batch_of_two_is_two_of_one(network):
    landmarker = Landmarker(network)
    squares = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    points, sure = landmarker(squares)
    for i in range(2):
        one, one_sure = landmarker(squares[i : i + 1])
        np.testing.assert_allclose(one[0], points[i], atol=1e-3)
        np.testing.assert_allclose(one_sure[0], sure[i], atol=1e-4)


def test_confidence_is_high_for_sharp_maps_low_for_flat_ones_and_half_where_the_config_says():
    points = torch.zeros(1, 1, 2)
    sharp = heatmap.gaussian(points, 32, 32, sigma_cells=1.0)
    half = heatmap.gaussian(points, 32, 32, sigma_cells=SMALL.half_confidence_cells)
    flat = torch.full((1, 1, 32, 32), 1 / 1024)
    values = [confidence(maps, points, SMALL).item() for maps in (sharp, half, flat)]
    assert values[0] > 0.9
    assert values[1] == pytest.approx(0.5, abs=0.02)
    assert values[2] < 0.01


def test_weights_are_saved_and_loaded_in_half_precision(network, tmp_path):
    from safetensors import safe_open

    path = tmp_path / "net.safetensors"
    save_half(network, SMALL, path, notes={"kind": "landmarks"})
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    assert metadata["kind"] == "landmarks"
    config = read_config(LandmarkConfig, metadata, where="test")
    assert config == SMALL
    again = LandmarkNet(config)
    load_strictly(again, tensors, where="test")
    squares = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(
            again.eval()(squares)[0], network(squares)[0], atol=2e-2, rtol=2e-2
        )


def test_missing_and_unexpected_tensors_are_an_error(network):
    tensors = dict(network.state_dict())
    tensors.pop("l0.bias")
    with pytest.raises(WeightsError, match=r"l0\.bias"):
        load_strictly(LandmarkNet(SMALL), tensors, where="test")
    with pytest.raises(WeightsError, match="surplus"):
        load_strictly(
            LandmarkNet(SMALL), {**network.state_dict(), "surplus": torch.zeros(1)}, where="test"
        )


def test_a_weight_file_without_a_valid_config_is_an_error():
    for metadata in ({}, {"config": "{"}, {"config": '{"sise": 3}'}):
        with pytest.raises(WeightsError):
            read_config(LandmarkConfig, metadata, where="test")
