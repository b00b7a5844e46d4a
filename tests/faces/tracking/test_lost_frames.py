from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animate_cli.faces.tracking.lost_frames import EASE_S, fill_lost_frames, motion_weights
from animate_cli.options import Lost


def points(values: list[float]) -> np.ndarray:
    return np.repeat(np.array(values, np.float32)[:, None, None], 74, 1).repeat(2, 2)


def clock(count: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(i, 25) for i in range(count))


def filled(values: list[float], found: str, cut: str, lost: Lost) -> list[float]:
    flags = [np.array([c == "1" for c in s]) for s in (found, cut)]
    return fill_lost_frames(points(values), *flags, clock(len(values)), lost)[:, 0, 0].tolist()


def test_gaps_are_interpolated_linearly_in_time() -> None:
    assert filled([1, 0, 0, 4], "1001", "0000", Lost.INTERPOLATE) == [1, 2, 3, 4]


def test_gaps_are_held() -> None:
    assert filled([1, 0, 0, 4], "1001", "0000", Lost.HOLD) == [1, 1, 1, 4]


def test_ends_are_held() -> None:
    assert filled([0, 5, 0], "010", "000", Lost.INTERPOLATE) == [5, 5, 5]


def test_nothing_is_interpolated_over_a_cut() -> None:
    assert filled([1, 0, 0, 4], "1001", "0010", Lost.INTERPOLATE) == [1, 1, 4, 4]
    assert filled([1, 0, 0, 4], "1001", "0101", Lost.INTERPOLATE) == [1, 1, 1, 4]


@given(st.lists(st.booleans(), min_size=1, max_size=80))
def test_motion_weights_are_smooth_and_in_0_to_1(found: list[bool]) -> None:
    flags = np.array(found)
    weight = motion_weights(flags, clock(len(found)), Lost.REST)
    assert ((weight >= 0) & (weight <= 1)).all()
    assert np.abs(np.diff(weight)).max(initial=0) <= 1.5 * 0.04 / EASE_S + 1e-6
    assert (motion_weights(flags, clock(len(found)), Lost.HOLD) == 1).all()


@pytest.mark.parametrize("rate", [10, 25, 60])
def test_the_fade_takes_the_same_time_at_any_frame_rate(rate: int) -> None:
    times = tuple(Fraction(i, rate) for i in range(3 * rate))
    found = np.arange(3 * rate) < rate
    weight = motion_weights(found, times, Lost.REST)
    gone_s = float(times[int(np.flatnonzero(weight == 0)[0])]) - 1
    assert gone_s == pytest.approx(EASE_S, abs=2 / rate)
