"""Laws and naive oracles of the losses."""

import math

import pytest
import torch

from animate_cli.layers import heatmap
from animate_cli.train.losses import losses

EVERY = torch.ones(2, 3, dtype=torch.bool)


def test_euclidean_is_the_mean_distance():
    points = torch.tensor([[[0.0, 0.0], [1.0, 1.0]]])
    target = torch.tensor([[[3.0, 4.0], [1.0, 1.0]]])
    assert losses.euclidean(points, target, EVERY[:1, :2]).item() == pytest.approx(2.5, abs=1e-5)


def test_points_without_a_label_count_nowhere():
    known = torch.tensor([[True, False, True], [False, False, False]])
    target = torch.rand(2, 3, 2) - 0.5
    points = (torch.rand(2, 3, 2) - 0.5).requires_grad_()
    loss = losses.euclidean(points, target, known)
    near = losses.euclidean(points[:1, ::2], target[:1, ::2], EVERY[:1, :2])
    torch.testing.assert_close(loss, near)
    loss.backward()
    assert points.grad is not None
    assert (points.grad.abs().amax(dim=-1) > 0).equal(known)
    probability = heatmap.normalise(torch.randn(2, 3, 6, 5))
    torch.testing.assert_close(
        losses.heatmap_shape(probability, target, known, sigma_cells=1.0),
        losses.heatmap_shape(probability[:1, ::2], target[:1, ::2], EVERY[:1, :2], sigma_cells=1.0),
    )


def test_without_any_label_there_is_nothing_to_lose():
    nothing = torch.zeros(0, 3, dtype=torch.bool)
    assert losses.euclidean(torch.zeros(0, 3, 2), torch.zeros(0, 3, 2), nothing).item() == 0.0


def test_heatmap_shape_matches_the_divergence_in_loops():
    torch.manual_seed(0)
    probability = heatmap.normalise(torch.randn(2, 3, 6, 5, dtype=torch.float64))
    target = torch.rand(2, 3, 2, dtype=torch.float64) - 0.5
    density = heatmap.gaussian(target, 6, 5, sigma_cells=1.0)
    total = 0.0
    for b in range(2):
        for k in range(3):
            for p, n in zip(probability[b, k].flatten(), density[b, k].flatten(), strict=True):
                m = (p + n) / 2
                total += 0.5 * float(p * math.log(p / m))
                total += 0.5 * float(n * math.log(n / m)) if n > 0 else 0.0
    found = losses.heatmap_shape(probability, target, EVERY, sigma_cells=1.0).item()
    assert found == pytest.approx(total / 6, rel=1e-6)


def test_heatmap_shape_is_zero_for_the_target_itself_and_has_finite_slope():
    target = torch.tensor([[[0.9, -0.9]]])
    density = heatmap.gaussian(target, 32, 32, sigma_cells=1.0).requires_grad_()
    loss = losses.heatmap_shape(density, target, EVERY[:1, :1], sigma_cells=1.0)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-6)
    assert density.grad is not None
    assert torch.isfinite(density.grad).all()


def test_flatness_is_zero_for_flat_maps_and_grows_with_a_peak():
    flat = torch.zeros(1, 2, 8, 8)
    peaked = flat.clone()
    peaked[..., 3, 3] = 5.0
    assert losses.flatness(flat).item() == pytest.approx(0.0, abs=1e-6)
    assert losses.flatness(peaked).item() > losses.flatness(peaked / 2).item() > 0.01


def test_openings_see_a_shut_eye_and_not_a_shift():
    pairs = ((0, 1), (2, 3))
    target = torch.tensor([[[0.0, 0.0], [0.0, 0.2], [1.0, 0.0], [1.0, 0.4]]])
    known = torch.ones(1, 4, dtype=torch.bool)
    shut = target.clone()
    shut[:, 1, 1] = 0.0
    shifted = target + 0.3
    assert losses.aperture_errors(shifted, target, known, pairs).item() == pytest.approx(
        0, abs=1e-5
    )
    assert losses.aperture_errors(shut, target, known, pairs).item() == pytest.approx(0.1, abs=1e-5)
    known[0, 1] = False
    assert losses.aperture_errors(shut, target, known, pairs).item() == pytest.approx(0, abs=1e-5)
