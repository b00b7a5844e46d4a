"""How `tracking.track` records the results of `tracking.body_motion`."""

from __future__ import annotations

import numpy as np
import pytest
from painted import Painted, gap, paint

from animate_cli.faces.tracking import track as tracking
from animate_cli.options import Registration
from animate_cli.records import BODY, Frame

MOVED = 0.25


class FakeFlow:
    """Measures every second frame: motion in all of them except the first of a shot."""

    def __init__(self) -> None:
        self.frames = self.restarts = self.missed = 0
        self.is_first = True
        self.points: list[np.ndarray] = []

    def restart(self) -> None:
        self.is_first = True
        self.restarts += 1

    def miss(self) -> None:
        self.missed += 1

    def __call__(self, frame: Frame, points: np.ndarray) -> np.ndarray:
        value = 0 if self.is_first else MOVED if self.frames % 2 == 0 else np.nan
        self.is_first = False
        self.frames += 1
        self.points.append(points)
        return np.full((BODY, 2), value, np.float32)


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> FakeFlow:
    one = FakeFlow()
    monkeypatch.setattr(tracking, "BodyFlow", lambda: one)
    return one


@pytest.mark.parametrize("registration", list(Registration))
def test_every_frame_has_body_motion_and_lost_ones_are_interpolated(
    follow, flow, registration
) -> None:
    _, pictures = gap(60, 20, 31)
    trajectory = follow(pictures, registration=registration)
    assert flow.frames == trajectory.found.sum() == 60 - flow.missed < 60
    assert trajectory.body.shape == (60, BODY, 2)
    assert trajectory.body.dtype == np.float16
    assert 0 <= trajectory.body[0].mean() < 0.9 * MOVED
    np.testing.assert_allclose(trajectory.body[8:], MOVED, atol=1e-3)


def test_it_gets_registered_points(follow, flow, monkeypatch) -> None:
    class Shifted:
        def __call__(self, frame: Frame, points: np.ndarray) -> np.ndarray:
            return np.full_like(points, np.nan if frame.index % 2 else 50)

    pictures = [paint([Painted(x=150, y=150)])] * 6
    follow(pictures, registration=Registration.OFF)
    monkeypatch.setattr(tracking, "PointRegistration", Shifted)
    follow(pictures)
    plain, registered = flow.points[0:6:2], flow.points[6::2]
    np.testing.assert_allclose(np.subtract(registered, plain), 50, atol=1e-3)


def test_it_restarts_with_a_shot(follow, flow) -> None:
    first = [paint([Painted(x=150, y=150)], seed=0)] * 12
    second = [paint([Painted(x=360, y=230)], seed=3)] * 12
    assert np.flatnonzero(follow(first + second).cut).tolist() == [12]
    assert flow.restarts == 1
