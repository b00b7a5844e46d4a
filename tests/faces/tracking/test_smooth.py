from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painted import FACE

from animate_cli.faces.points import (
    INNER_LIPS,
    LEFT_EYE,
    LEFT_LIDS,
    OUTER_LIPS,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.faces.tracking.smooth import local_quadratic, noise_variance, runs, smooth

SIZE = 100.0  # pixels: eyes 60 apart
NOISE = 0.5


def clock(count: int, rate: int = 25) -> tuple[Fraction, ...]:
    return tuple(Fraction(i, rate) for i in range(count))


def still(count: int) -> np.ndarray:
    return np.repeat(SIZE * FACE[None], count, 0).astype(np.float32)


def noisy(points: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, NOISE, points.shape)
    return (points + noise).astype(np.float32)


def filtered(
    points: np.ndarray, times=None, strength: float = 0.5, found=None, cut=None
) -> np.ndarray:
    count = len(points)
    found = np.ones(count, bool) if found is None else found
    cut = np.zeros(count, bool) if cut is None else cut
    sure = np.ones(points.shape[:2], np.float32)
    return smooth(points, sure, found, cut, times or clock(count), strength)


def blinking(count: int) -> np.ndarray:
    """Eyes shut for 3 frames each second; closing and opening take one frame each."""
    points = still(count)
    for eye, lids in ((RIGHT_EYE, RIGHT_LIDS), (LEFT_EYE, LEFT_LIDS)):
        k = list(eye + lids)
        middle = points[0, k, 1].mean()
        for i in range(count):
            share = {10: 0.5, 11: 0.0, 12: 0.0, 13: 0.5}.get(i % 25, 1.0)
            points[i, k, 1] = middle + share * (points[i, k, 1] - middle)
    return points


def talking(count: int, rate: int = 25) -> np.ndarray:
    """Lips that open and close four times a second."""
    points = still(count)
    lower = list(OUTER_LIPS[7:] + INNER_LIPS[5:])
    points[:, lower, 1] += 6 * (1 + np.sin(2 * np.pi * 4 * np.arange(count) / rate))[:, None]
    return points


def test_strength_0_changes_nothing() -> None:
    points = noisy(still(30))
    assert filtered(points, strength=0.0) is points


@pytest.mark.parametrize(("strength", "least"), [(0.25, 1.8), (0.5, 2.5), (1.0, 4.0)])
def test_jitter_of_a_still_face_is_reduced(strength: float, least: float) -> None:
    points = noisy(still(120))
    before, after = (
        np.abs(np.diff(p, axis=0)).mean() for p in (points, filtered(points, strength=strength))
    )
    assert before / after > least


@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
def test_blinks_keep_their_depth(strength: float) -> None:
    truth = blinking(150)
    out = filtered(noisy(truth), strength=strength)

    def aperture(p: np.ndarray) -> np.ndarray:
        return (p[:, 69] - p[:, 68])[:, 1] + (p[:, 71] - p[:, 70])[:, 1]

    opened, shut = aperture(truth).max(), [i for i in range(150) if i % 25 in (11, 12)]
    assert (opened - aperture(out)[shut]).mean() > 0.9 * opened


@pytest.mark.parametrize("strength", [0.25, 0.5])
def test_lips_keep_their_range(strength: float) -> None:
    truth = talking(150)
    out = filtered(noisy(truth), strength=strength)
    swing = [np.std(p[:, 66, 1] - p[:, 62, 1]) for p in (out, truth)]
    assert swing[0] > 0.9 * swing[1]


def test_there_is_no_lag() -> None:
    """Smoothing backwards in time gives the same."""
    points = noisy(talking(60))
    there, back = filtered(points), filtered(points[::-1])[::-1]
    np.testing.assert_allclose(there, back, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), half=st.floats(0.1, 0.5))
def test_the_fit_keeps_any_quadratic_at_any_frame_rate(seed: int, half: float) -> None:
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.01, 0.09, 50))
    a, b, c = rng.normal(0, 50, (3, 1, 5, 2))
    seen = a + b * t[:, None, None] + c * t[:, None, None] ** 2
    weight = rng.uniform(0.1, 1, (50, 5))
    fit = local_quadratic(seen, weight, t, half)
    np.testing.assert_allclose(fit, seen, atol=1e-3)


def test_the_fit_is_weighted_least_squares() -> None:
    rng = np.random.default_rng(3)
    t = np.sort(rng.uniform(0, 1, 20))
    seen, weight = rng.normal(0, 1, (20, 2, 2)), rng.uniform(0.2, 1, (20, 2))
    fit = local_quadratic(seen, weight, t, 0.4)
    for i in range(20):
        tau = (t - t[i]) / 0.4
        tricube = np.clip(1 - np.abs(tau) ** 3, 0, None) ** 3
        for k in range(2):
            root = np.sqrt(tricube * weight[:, k])[:, None]
            design = np.stack((np.ones(20), tau, tau**2), 1)
            answer, *_ = np.linalg.lstsq(root * design, root * seen[:, k], rcond=None)
            np.testing.assert_allclose(fit[i, k], answer[0], atol=1e-4)


def test_uneven_time_stamps_count() -> None:
    """Constant motion at uneven frame times is not changed."""
    rng = np.random.default_rng(1)
    times = tuple(Fraction(int(v), 1000) for v in np.cumsum(rng.integers(10, 80, 80)))
    points = still(80) + 40 * np.array([float(t) for t in times])[:, None, None]
    np.testing.assert_allclose(filtered(points.astype(np.float32), times), points, atol=2e-2)


def test_nothing_is_smoothed_over_cuts_and_lost_frames() -> None:
    points = noisy(still(60))
    points[30:] += 200
    cut = np.zeros(60, bool)
    cut[30] = True
    found = np.ones(60, bool)
    found[10:13] = False
    out = filtered(points, found=found, cut=cut)
    for part in (slice(0, 10), slice(13, 30), slice(30, 60)):
        count = part.stop - part.start
        alone = filtered(points[part], times=clock(60)[part])
        np.testing.assert_allclose(out[part], alone, atol=1e-3)
        assert count == len(alone)
    np.testing.assert_array_equal(out[10:13], points[10:13])


def test_runs_cover_exactly_the_found_frames() -> None:
    found = np.array([0, 1, 1, 0, 1, 1, 1, 0, 0, 1], bool)
    cut = np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0], bool)
    assert [(r.start, r.stop) for r in runs(found, cut)] == [(1, 3), (4, 6), (6, 7), (9, 10)]
    assert list(runs(np.zeros(4, bool), np.zeros(4, bool))) == []


def test_points_without_confidence_count_less() -> None:
    points = still(41)
    points[20, 30] += 30
    sure = np.ones((41, 74), np.float32)
    doubtful = sure.copy()
    doubtful[20, 30] = 0.05
    pulled = [
        local_quadratic(points.astype(float), w, np.arange(41) / 25, 0.2)[20, 30] - points[0, 30]
        for w in (doubtful, sure)
    ]
    assert np.abs(pulled[0]).max() < 0.2 * np.abs(pulled[1]).max()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_short_runs_stay_finite(count: int) -> None:
    out = filtered(noisy(still(count)), strength=1.0)
    assert np.isfinite(out).all()
    assert np.abs(out - still(count)).max() < 5 * NOISE


def test_the_estimate_of_noise_does_not_depend_on_motion() -> None:
    t = np.arange(400)[:, None, None] / 25
    moving = still(400) + 200 * t - 30 * t**2
    seen = moving + np.random.default_rng(0).normal(0, NOISE, moving.shape)
    seen[:, 20:] += np.random.default_rng(1).normal(0, 9 * NOISE, seen[:, 20:].shape)
    assert noise_variance(seen, range(20)) == pytest.approx(NOISE**2, rel=0.15)


def test_blocks_give_the_result_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    frames = 90
    seen = rng.normal(0, 1, (frames, 74, 2)).cumsum(axis=0).astype(np.float32)
    sure = rng.uniform(0.1, 1, (frames, 74)).astype(np.float32)
    found, cut = np.ones(frames, bool), np.zeros(frames, bool)
    times = [Fraction(n, 25) for n in range(frames)]
    whole = smooth(seen, sure, found, cut, times, 0.7)
    monkeypatch.setattr("animate_cli.faces.tracking.smooth.BLOCK", 16)
    blocks = smooth(seen, sure, found, cut, times, 0.7)
    np.testing.assert_allclose(blocks, whole, atol=1e-5)
    assert np.abs(whole - seen).max() > 0.1
