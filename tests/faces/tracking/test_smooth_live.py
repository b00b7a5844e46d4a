"""The live filter: causal, less jitter, blinks and rotations kept."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from painted import FACE

from animate_cli.faces.points import (
    INNER_LIPS,
    LEFT_EYE,
    LEFT_LIDS,
    OUTER_LIPS,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.faces.tracking.smooth_live import LiveSmoother

SIZE = 100.0  # pixels: eyes 60 apart
NOISE = 0.5
RATE = 25


def still(count: int) -> np.ndarray:
    return np.repeat(SIZE * FACE[None], count, 0).astype(np.float32)


def noisy(points: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, NOISE, points.shape)
    return (points + noise).astype(np.float32)


def filtered(points: np.ndarray, strength: float = 0.5, sure=None, times=None) -> np.ndarray:
    smoother = LiveSmoother(strength=strength)
    sure = np.full(points.shape[:2], 0.9, np.float32) if sure is None else sure
    times = times or [Fraction(i, RATE) for i in range(len(points))]
    return np.stack([smoother(p, c, t) for p, c, t in zip(points, sure, times, strict=True)])


def blinking(count: int, shares: dict[int, float]) -> np.ndarray:
    """Each second the lids' gaps have these shares of their usual value, by frame."""
    points = still(count)
    for eye, lids in ((RIGHT_EYE, RIGHT_LIDS), (LEFT_EYE, LEFT_LIDS)):
        k = list(eye + lids)
        middle = points[0, k, 1].mean()
        for i in range(count):
            points[i, k, 1] = middle + shares.get(i % RATE, 1.0) * (points[i, k, 1] - middle)
    return points


def aperture(p: np.ndarray) -> np.ndarray:
    return (p[:, 69] - p[:, 68])[:, 1] + (p[:, 71] - p[:, 70])[:, 1]


def turned(points: np.ndarray) -> np.ndarray:
    """A head that rolls by 20 degrees twice a second, moves and comes nearer."""
    t = np.arange(len(points)) / RATE
    angle = np.radians(20) * np.sin(2 * np.pi * 2 * t)
    scale = 1 + 0.1 * t
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.stack((np.stack((c, -s), -1), np.stack((s, c), -1)), -2)
    shift = np.stack((60 * t, 30 * np.sin(5 * t)), -1)[:, None]
    return (points @ turn.transpose(0, 2, 1) + shift).astype(np.float32)


def test_strength_0_is_off() -> None:
    points = noisy(still(20))
    np.testing.assert_array_equal(filtered(points, strength=0.0), points)


def test_a_little_strength_is_nearly_off() -> None:
    points = noisy(still(20))
    np.testing.assert_allclose(filtered(points, strength=1e-3), points, atol=1e-4)


@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
def test_later_frames_do_not_matter(strength: float) -> None:
    points = noisy(blinking(60, {10: 0.5, 11: 0.0, 12: 0.5}))
    other = points.copy()
    other[30:] += np.random.default_rng(1).normal(0, 20, other[30:].shape)
    np.testing.assert_array_equal(filtered(points, strength)[:30], filtered(other, strength)[:30])


@pytest.mark.parametrize(("strength", "least"), [(0.25, 1.6), (0.5, 2.0), (1.0, 2.4)])
def test_jitter_of_a_still_face_is_reduced(strength: float, least: float) -> None:
    points = noisy(still(150))
    before, after = (
        np.abs(np.diff(p[20:], axis=0)).mean() for p in (points, filtered(points, strength))
    )
    assert before / after > least


@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0])
@pytest.mark.parametrize(
    "shares", [{10: 0.0}, {10: 0.5, 11: 0.0, 12: 0.5}, {10: 0.5, 11: 0.0, 12: 0.0, 13: 0.5}]
)
def test_blinks_keep_four_fifths_of_their_depth(strength: float, shares) -> None:
    truth = blinking(150, shares)
    out = filtered(noisy(truth), strength)
    shut = [i for i in range(150) if shares.get(i % RATE) == 0.0]
    opened = aperture(truth).max()
    assert (opened - aperture(out)[shut]).mean() > 0.8 * opened
    wide = [i for i in range(150) if i % RATE == 20]
    np.testing.assert_allclose(aperture(out)[wide].mean(), opened, rtol=0.05)


@pytest.mark.parametrize("strength", [0.25, 0.5])
def test_lips_keep_their_range(strength: float) -> None:
    truth = still(150)
    lower = list(OUTER_LIPS[7:] + INNER_LIPS[5:])
    truth[:, lower, 1] += 6 * (1 + np.sin(2 * np.pi * 4 * np.arange(150) / RATE))[:, None]
    out = filtered(noisy(truth), strength)
    swing = [np.std(p[20:, 66, 1] - p[20:, 62, 1]) for p in (out, truth)]
    assert swing[0] > 0.85 * swing[1]


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_moving_head_is_followed_and_smoothed(strength: float) -> None:
    truth = turned(still(100))
    seen = noisy(truth)
    out = filtered(seen, strength)
    error = [np.abs(p[10:] - truth[10:]).mean() for p in (out, seen)]
    assert error[0] < 0.8 * error[1]
    behind = np.abs(filtered(truth, strength) - truth).mean()
    assert behind < 0.1 * np.abs(np.diff(truth, axis=0)).mean()  # a tenth of a frame


def test_turned_and_scaled_input_gives_turned_and_scaled_output() -> None:
    points = noisy(blinking(60, {10: 0.0}))
    turn = np.array([[1.6, -0.9], [0.9, 1.6]])
    there = filtered((points @ turn.T + [40, -7]).astype(np.float32))
    np.testing.assert_allclose(there, filtered(points) @ turn.T + [40, -7], atol=2e-2)


def test_points_of_low_confidence_are_followed_slowly() -> None:
    points = noisy(still(60))
    points[40, 30] += 8
    moved = []
    for value in (0.9, 0.3, 0.05):
        sure = np.full(points.shape[:2], 0.9, np.float32)
        sure[:, 30] = value
        moved.append(np.abs(filtered(points, sure=sure)[40, 30] - points[0, 30]).max())
    assert moved[0] > 1.3 * moved[1] > 1.3 * moved[2]


def test_at_a_lower_frame_rate_each_frame_counts_more() -> None:
    """The time constants of the filter are in seconds."""
    points = noisy(still(60))
    points[30:, 33] += 1.0  # too little to open the gate
    slow = [Fraction(i, 10) for i in range(60)]
    reached = [
        (filtered(points, 1.0, times=t)[36, 33] - points[0, 33]).mean() for t in (None, slow)
    ]
    assert reached[1] > reached[0]


def test_after_a_reset_earlier_frames_do_not_matter() -> None:
    points = noisy(still(20))
    sure = np.full(74, 0.9, np.float32)
    smoother = LiveSmoother(strength=1.0)
    for i, frame in enumerate(points):
        smoother(frame, sure, Fraction(i, RATE))
    smoother.reset()
    far = points[0] + 300
    np.testing.assert_array_equal(smoother(far, sure, Fraction(1)), far)


def test_what_was_returned_is_not_changed_later() -> None:
    points = noisy(still(6))
    smoother = LiveSmoother(strength=1.0)
    sure = np.full(74, 0.9, np.float32)
    first = smoother(points[0], sure, Fraction(0))
    kept = first.copy()
    for i in range(1, 6):
        smoother(points[i], sure, Fraction(i, RATE))
    np.testing.assert_array_equal(first, kept)
