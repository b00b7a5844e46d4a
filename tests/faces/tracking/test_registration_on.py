"""How `tracking.track` applies the shifts of `tracking.registration`."""

from __future__ import annotations

import numpy as np
import pytest
from painted import Painted, gap, paint

from animate_cli.faces.tracking import track as tracking
from animate_cli.options import Registration
from animate_cli.records import Frame


class FakeRegister:
    """Adds two pixels to every frame but its first."""

    def __init__(self) -> None:
        self.is_first = True
        self.restarts = self.frames = self.missed = 0

    def restart(self) -> None:
        self.is_first = True
        self.restarts += 1

    def miss(self) -> None:
        self.missed += 1

    def __call__(self, frame: Frame, points: np.ndarray) -> np.ndarray:
        shift = np.full_like(points, 0 if self.is_first else 2)
        self.is_first = False
        self.frames += 1
        return shift


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> FakeRegister:
    one = FakeRegister()
    monkeypatch.setattr(tracking, "PointRegistration", lambda: one)
    return one


def test_shifts_are_added_to_found_frames(follow, register) -> None:
    _, pictures = gap(60, 20, 31)
    plain = follow(pictures, registration=Registration.OFF)
    assert register.frames == 0
    shifted = follow(pictures)
    added = shifted.landmarks - plain.landmarks
    assert register.frames == shifted.found.sum() == 60 - register.missed < 60
    np.testing.assert_allclose(added[10:20], 2, atol=1e-3)
    np.testing.assert_allclose(added[32:], 2, atol=1e-3)
    assert 0 <= added[0].mean() < 1.9


def test_registration_restarts_with_a_shot(follow, register) -> None:
    first = [paint([Painted(x=150, y=150)], seed=0)] * 12
    second = [paint([Painted(x=360, y=230)], seed=3)] * 12
    trajectory = follow(first + second)
    assert np.flatnonzero(trajectory.cut).tolist() == [12]
    assert register.restarts == 1
