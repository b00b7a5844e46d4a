"""The square that follows a face slowly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from animate_cli.faces.tracking.steady_crop import WINDOW_S, steady_squares
from animate_cli.records import Points, Trajectory


def of(landmarks: Points, cut_at: int | None = None) -> Trajectory:
    count = len(landmarks)
    cut = np.zeros(count, bool)
    if cut_at is not None:
        cut[cut_at] = True
    return Trajectory(
        landmarks=landmarks,
        confidence=np.ones((count, 74), np.float32),
        found=np.ones(count, bool),
        cut=cut,
        times_s=tuple(Fraction(i, 25) for i in range(count)),
        rate=Fraction(25),
        width=640,
        height=480,
        driver="d.mp4",
        sha256="",
    )


def faces(count: int, shift: np.ndarray) -> Points:
    still = np.random.default_rng(0).uniform((100, 100), (160, 180), (74, 2))
    return (still + shift[:, None]).astype(np.float32)[:count]


def test_the_square_of_a_nodding_head_does_not_move() -> None:
    swing = np.stack((0 * np.arange(200.0), 6 * np.sin(np.arange(200) * 2 * np.pi / 25)), axis=1)
    squares = steady_squares(of(faces(200, swing)))
    middle = squares[40:160]
    assert np.ptp(middle, axis=0).max() < 0.5
    assert middle[0, 0] == pytest.approx(2.3 / 2 * 80, rel=0.1)


def test_a_walking_person_is_followed_without_lag() -> None:
    walk = np.stack((2.0 * np.arange(200), 0 * np.arange(200.0)), axis=1)
    squares = steady_squares(of(faces(200, walk)))
    assert np.diff(squares[30:170, 1]) == pytest.approx(2.0, abs=1e-3)
    assert squares[100, 1] == pytest.approx(130 + 200, abs=3)


def test_the_square_jumps_at_a_cut() -> None:
    jump = np.where(np.arange(100)[:, None] < 50, (0.0, 0.0), (300.0, 0.0))
    squares = steady_squares(of(faces(100, jump), cut_at=50))
    assert np.ptp(squares[:50, 1]) < 1e-6
    assert squares[50, 1] - squares[49, 1] == pytest.approx(300)
    smooth = steady_squares(of(faces(100, jump)))
    assert np.abs(np.diff(smooth[:, 1])).max() < 300 / (25 * WINDOW_S) + 1
