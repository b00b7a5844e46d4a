"""The patch networks: shapes, batches, and that the fused network is the trained one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animate_cli.faces.patch_landmarks.network import PatchConfig, PatchLandmarker, PatchNet
from animate_cli.faces.patch_landmarks.patches import POINTS_OF, FacePart
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_pixel


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module", params=[FacePart.RIGHT_EYE, FacePart.MOUTH])
def network(request: pytest.FixtureRequest) -> PatchNet:
    torch.manual_seed(0)
    made = PatchNet(PatchConfig(part=request.param))
    for _ in range(3):
        made(torch.rand(8, 3, 64, 64))  # running means that are not the initial ones
    return made.eval()


def test_a_heatmap_of_half_the_size_for_each_point(network: PatchNet) -> None:
    points = len(POINTS_OF[network.config.part])
    assert network(torch.rand(2, 3, 64, 64)).shape == (2, points, 32, 32)


def test_other_sizes(network: PatchNet) -> None:
    assert network(torch.rand(1, 3, 48, 80)).shape[-2:] == (24, 40)


@torch.no_grad()
def test_a_batch_of_two_is_two_of_one(network: PatchNet) -> None:
    patches = torch.rand(2, 3, 64, 64)
    each = torch.cat([network(patches[:1]), network(patches[1:])])
    torch.testing.assert_close(network(patches), each, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_ready_for_use_it_says_what_the_trained_network_says(
    network: PatchNet, rng: np.random.Generator
) -> None:
    patches = rng.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    points, sure = PatchLandmarker(network)(patches)
    images = torch.from_numpy(patches).permute(0, 3, 1, 2).float() / 255
    expected = points_to_pixel(heatmap.expected_points(heatmap.normalise(network(images))), 64, 64)
    np.testing.assert_allclose(points, expected.numpy(), atol=1e-2)
    assert sure.shape == points.shape[:2]
    assert (sure >= 0).all()
    assert (sure <= 1).all()


def test_sharp_heatmaps_are_sure() -> None:
    from animate_cli.faces.patch_landmarks.network import confidence

    where = torch.tensor([[[0.1, -0.2]]])
    config = PatchConfig(part=FacePart.MOUTH)
    sharp, flat = (
        confidence(heatmap.gaussian(where, 32, 32, sigma_cells=s), where, config) for s in (0.8, 9)
    )
    assert sharp > 0.9
    assert flat < 0.1


def test_they_are_small() -> None:
    for part in (FacePart.RIGHT_EYE, FacePart.MOUTH):
        network = PatchNet(PatchConfig(part=part))
        assert 2 * sum(p.numel() for p in network.parameters()) < 500_000  # bytes in fp16
