"""Confidence 0.5 says what it should, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animate_cli.faces.landmarks.network import LandmarkConfig, confidence
from animate_cli.layers import heatmap
from animate_cli.train.objectives.landmarks.confidence_calibration import fit_confidence


def drawn(half: float, slope: float, count: int = 40_000, seed: int = 0):
    """Deviations, and whether each point was near, by a logistic law."""
    rng = np.random.default_rng(seed)
    deviation = rng.gamma(4, 0.5, count) + 0.6
    chance = 1 / (1 + np.exp(-slope * (half - deviation)))
    return deviation, rng.random(count) < chance


@pytest.mark.parametrize(("half", "slope"), [(1.6, 4.0), (2.5, 2.0), (3.5, 1.0)])
def test_the_law_is_found_again(half, slope):
    found = fit_confidence(*drawn(half, slope))
    assert found is not None
    assert found[0] == pytest.approx(half, abs=0.1)
    assert found[1] == pytest.approx(slope, rel=0.1)


def test_at_confidence_half_as_many_points_are_near_as_not():
    """Through the very function that users read: among maps of that spread, half are near."""
    half, slope = fit_confidence(*drawn(2.0, 3.0, seed=1))
    config = LandmarkConfig(half_confidence_cells=half, confidence_slope=slope)
    deviation, is_near = drawn(2.0, 3.0, seed=2)
    centre = torch.zeros(len(deviation[:2000]), 1, 2)
    sigma = torch.from_numpy(deviation[:2000]).float()
    maps = torch.stack(
        [heatmap.gaussian(centre[:1], 32, 32, sigma_cells=float(s))[0] for s in sigma]
    )
    sure = confidence(maps, centre, config)[:, 0]
    middling = (sure > 0.4) & (sure < 0.6)
    assert middling.sum() > 50
    assert is_near[:2000][middling.numpy()].mean() == pytest.approx(0.5, abs=0.12)
    assert is_near[:2000][(sure > 0.9).numpy()].mean() > 0.88


def test_the_mean_confidence_is_the_share_that_is_near():
    deviation, is_near = drawn(1.8, 2.5)
    half, slope = fit_confidence(deviation, is_near)
    sure = 1 / (1 + np.exp(-slope * (half - deviation)))
    assert sure.mean() == pytest.approx(is_near.mean(), abs=5e-3)


def test_a_sharp_threshold_still_gives_a_finite_slope():
    deviation = np.linspace(0.5, 4, 1000)
    half, slope = fit_confidence(deviation, deviation < 2)
    assert half == pytest.approx(2, abs=0.1)
    assert 1 < slope < 100


def test_nothing_is_fitted_where_there_is_nothing_to_fit():
    deviation = np.linspace(0.5, 4, 100)
    assert fit_confidence(deviation, np.ones(100, bool)) is None
    assert fit_confidence(deviation, np.zeros(100, bool)) is None
    assert fit_confidence(deviation, deviation > 2) is None  # sharper is worse
