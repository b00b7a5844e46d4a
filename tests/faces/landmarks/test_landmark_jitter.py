"""SMS, Zhao et al. 2021, eq. 9: closed forms."""

import math

import numpy as np
import pytest

from animate_cli.faces.landmarks.jitter import deviations, interocular_px, sms
from animate_cli.faces.points import OUTER_EYE_CORNERS

EYES_APART_PX = 50.0


def still(frames: int) -> np.ndarray:
    rng = np.random.default_rng(3)
    face = rng.uniform(0, 100, (74, 2))
    right, left = OUTER_EYE_CORNERS
    face[right], face[left] = (20, 40), (20 + EYES_APART_PX, 40)
    return np.repeat(face[None], frames, axis=0).astype(np.float32)


def seen(frames: int) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(frames, bool), np.zeros(frames, bool)


def test_uniform_motion_scores_zero():
    t = np.arange(12)[:, None, None]
    assert sms(still(12) + t * np.array([2.0, -1.0]), *seen(12)).px == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("amount", [0.25, 3.0])
def test_a_point_that_alternates_by_a_scores_two_a(amount):
    sign = np.where(np.arange(20) % 2, 1, -1)[:, None, None]
    got = sms(still(20) + sign * np.array([amount, 0.0]), *seen(20))
    assert got.px == pytest.approx(2 * amount, rel=1e-5)
    assert got.interocular == pytest.approx(2 * amount / EYES_APART_PX, rel=1e-5)
    assert got.frames == 18


def test_acceleration_scores_half_of_it():
    t = np.arange(9)[:, None, None].astype(float)
    got = sms(still(9) + t**2 * np.array([1.5, 2.0]), *seen(9))  # second difference (3, 4)
    assert got.px == pytest.approx(math.hypot(3, 4) / 2, rel=1e-5)


def test_white_noise_scores_its_expectation():
    rng = np.random.default_rng(0)
    sigma = 0.7
    noisy = still(4000) + rng.normal(0, sigma, (4000, 74, 2))
    rayleigh = math.sqrt(1.5) * sigma * math.sqrt(math.pi / 2)  # variance 1 + 1/4 + 1/4 per axis
    assert sms(noisy, *seen(4000)).px == pytest.approx(rayleigh, rel=0.01)


def test_the_naive_loops_of_the_equation_agree():
    d = still(7) + np.random.default_rng(1).normal(0, 2, (7, 74, 2))
    total = 0.0
    for t in range(1, 6):
        for k in range(74):
            away = (d[t - 1, k] + d[t + 1, k]) / 2 - d[t, k]
            total += math.sqrt(away[0] ** 2 + away[1] ** 2) / 74
    assert sms(d, *seen(7)).px == pytest.approx(total / 5, rel=1e-6)


def test_size_scales_pixels_but_not_the_normalised_figure():
    d = still(30) + np.random.default_rng(2).normal(0, 1, (30, 74, 2))
    one, two = sms(d, *seen(30)), sms(2 * d, *seen(30))
    assert two.px == pytest.approx(2 * one.px, rel=1e-6)
    assert two.interocular == pytest.approx(one.interocular, rel=1e-6)


def test_terms_over_a_cut_or_a_lost_frame_do_not_count():
    jump = still(10)
    jump[5:] += 40
    found, cut = seen(10)
    assert sms(jump, found, cut).px > 1
    cut[5] = True
    assert sms(jump, found, cut).px == 0
    assert sms(jump, found, cut).frames == 6
    found, cut = seen(10)
    jump[:] = still(10)
    jump[4] += 40
    found[4] = False
    assert sms(jump, found, cut).px == 0
    assert sms(jump, found, cut).frames == 5


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_too_few_frames_give_nan(frames):
    got = sms(still(5)[:frames], *seen(frames))
    assert math.isnan(got.px)
    assert got.frames == 0


def test_deviations_are_per_point():
    d = still(3)
    d[1, 7] += (3, 4)
    away = deviations(d)
    assert away.shape == (1, 74)
    assert away[0, 7] == pytest.approx(5)
    assert np.count_nonzero(away) == 1


def test_interocular_distance():
    assert interocular_px(still(2)) == pytest.approx([EYES_APART_PX] * 2)
