"""Laws of retargeting: which motion is transferred to another face, and which is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from animate_cli.faces.aperture import face_radius
from animate_cli.faces.retargeting.eye_mouth_aperture import LEFT_EYE, MOUTH, RIGHT_EYE
from animate_cli.faces.retargeting.retarget import driver_square, retarget_landmarks
from animate_cli.options import Motion, MotionOptions

LIDS = ((37, 41), (68, 69), (38, 40), (43, 47), (70, 71), (44, 46))


def _ellipse(x: float, y: float, across: float, down: float, degrees: list[float]) -> Tensor:
    turns = torch.tensor(degrees).deg2rad()
    return torch.stack((x + across * turns.cos(), y + down * turns.sin()), dim=-1)


def _face(eye: float = 4.5, mouth: float = 3.0, size: float = 1.0) -> Tensor:
    """(1, 74, 2): eyes and mouth half open by so many pixels."""
    lid = [180.0, 240, 300, 0, 60, 120]
    parts = [
        _ellipse(128, 118, 50, 66, [185 - 190 * k / 16 for k in range(17)]),
        _ellipse(101, 112, 15, 8, [190.0, 230, 270, 310, 350]),
        _ellipse(155, 112, 15, 8, [190.0, 230, 270, 310, 350]),
        torch.tensor([(128.0, 118.0 + 9 * k) for k in range(4)]),
        torch.tensor([(118.0 + 5 * k, 152.0) for k in range(5)]),
        _ellipse(101, 120, 11, eye, lid),
        _ellipse(155, 120, 11, eye, lid),
        _ellipse(128, 168, 20, mouth + 6, [180.0 + 30 * k for k in range(12)]),
        _ellipse(128, 168, 17, mouth, [180.0 + 45 * k for k in range(8)]),
        torch.tensor([(x, 120 + s * eye) for x in (101.0, 155.0) for s in (-1, 1)]),
        torch.tensor([(101.0, 120.0), (155.0, 120.0)]),
    ]
    return ((torch.cat(parts) - 128) * size + 128)[None]


def _gap(points: Tensor, upper: int, lower: int) -> float:
    return float((points[0, lower] - points[0, upper]).norm())


def _rotate(points: Tensor, degrees: float) -> Tensor:
    a = math.radians(degrees)
    turn = torch.tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    return (points - 128) @ turn + 128


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, 2.0])
def test_no_motion_gives_the_source(strength: float) -> None:
    source, anchor = _face(eye=5.5, mouth=0.0), _face(eye=3.0, mouth=5.0, size=1.3)
    out = retarget_landmarks(source, anchor, anchor, MotionOptions(strength=strength))
    torch.testing.assert_close(out, source, atol=1e-4, rtol=0)


@pytest.mark.parametrize("motion", list(Motion))
def test_amounts_of_zero_give_the_source(motion: Motion) -> None:
    source, anchor = _face(), _face(eye=3.0)
    driver = anchor + torch.randn(4, 74, 2, generator=torch.Generator().manual_seed(0)) * 4
    out = retarget_landmarks(source, driver, anchor, MotionOptions(motion=motion, strength=0.0))
    torch.testing.assert_close(out, source.expand(4, -1, -1), atol=1e-4, rtol=0)


def test_the_same_face_gets_the_drivers_points() -> None:
    face = _face()
    driver = _rotate(face, 8) + torch.tensor([6.0, -4.0])
    out = retarget_landmarks(face, driver, face, MotionOptions())
    torch.testing.assert_close(out, driver, atol=1e-3, rtol=0)


def test_a_shift_is_the_same_share_of_a_larger_face() -> None:
    source, anchor = _face(size=1.2), _face(size=0.8)
    out = retarget_landmarks(source, anchor + torch.tensor([8.0, 4.0]), anchor, MotionOptions())
    expected = source + torch.tensor([12.0, 6.0])
    torch.testing.assert_close(out, expected, atol=1e-3, rtol=0)


def test_a_roll_turns_the_source_about_itself() -> None:
    source, anchor = _rotate(_face(), 10), _face()
    out = retarget_landmarks(source, _rotate(anchor, 15), anchor, MotionOptions())
    edge = out[0, 45] - out[0, 36]
    assert math.degrees(math.atan2(edge[1], edge[0])) == pytest.approx(25, abs=0.01)
    assert face_radius(out[0].numpy()) == pytest.approx(face_radius(source[0].numpy()), rel=1e-4)


@pytest.mark.parametrize("source_eye", [3.0, 4.5, 7.0])
@pytest.mark.parametrize("anchor_eye", [3.0, 4.5, 6.0])
def test_eyes_shut_in_the_driver_are_shut_in_the_source(
    source_eye: float, anchor_eye: float
) -> None:
    source, anchor = _face(eye=source_eye), _face(eye=anchor_eye)
    out = retarget_landmarks(source, _face(eye=0.4), anchor, MotionOptions())
    for feature in (RIGHT_EYE, LEFT_EYE):
        width = _gap(source, *feature.corners)
        for upper, lower in zip(feature.upper, feature.lower, strict=True):
            assert _gap(out, upper, lower) <= 1.2 * feature.least * width


def test_half_shut_is_half_shut() -> None:
    source, anchor = _face(eye=6.0), _face(eye=4.0)
    shut = RIGHT_EYE.closed * 22 / 2
    driver = _face(eye=(4.0 + shut) / 2)
    out = retarget_landmarks(source, driver, anchor, MotionOptions())
    assert _gap(out, 68, 69) == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize("motion", list(Motion))
def test_lids_and_lips_never_cross(motion: Motion) -> None:
    source = _face(mouth=2.0)
    driver = _face()
    driver[:, list(RIGHT_EYE.upper) + list(LEFT_EYE.upper)] += torch.tensor([0.0, 14.0])
    driver[:, list(MOUTH.upper)] += torch.tensor([0.0, 9.0])
    out = retarget_landmarks(source, driver, _face(), MotionOptions(motion=motion))
    for feature in (RIGHT_EYE, LEFT_EYE, MOUTH):
        for upper, lower in zip(feature.upper, feature.lower, strict=True):
            assert out[0, lower, 1] > out[0, upper, 1]


def test_a_closed_mouth_opens_as_far_as_the_drivers() -> None:
    source, anchor = _face(mouth=0.0), _face(mouth=0.0)
    out = retarget_landmarks(source, _face(mouth=8.0), anchor, MotionOptions())
    assert _gap(out, 62, 66) == pytest.approx(16, abs=0.5)


def test_an_open_mouth_closes_when_the_drivers_does() -> None:
    source, anchor = _face(mouth=6.0), _face(mouth=3.0)
    out = retarget_landmarks(source, _face(mouth=0.0), anchor, MotionOptions())
    assert _gap(out, 62, 66) <= 1.0
    thickness = _gap(source, 51, 62)
    assert _gap(out, 51, 62) == pytest.approx(thickness, abs=1.5)


def test_a_chin_moves_with_the_lower_lip_of_a_shutting_mouth() -> None:
    """The photo's mouth is open 3 px further at each lip than the anchor's, and less towards its
    corners. Its jaw moves by this, although the driver's jaw does not move."""
    source, anchor, driver = _face(mouth=6.0), _face(mouth=3.0), _face(mouth=0.0)
    out = retarget_landmarks(source, driver, anchor, MotionOptions())
    assert 2 < float(source[0, 8, 1] - out[0, 8, 1]) < 3
    assert (out - source)[:, [0, 1, 15, 16]].abs().max() < 0.5


def test_pupils_follow_the_gaze_in_eye_widths() -> None:
    source, anchor = _face(size=1.2), _face()
    driver = anchor.clone()
    driver[:, [72, 73]] += torch.tensor([4.0, 0.0])
    out = retarget_landmarks(source, driver, anchor, MotionOptions())
    moved = out[0, [72, 73]] - source[0, [72, 73]]
    torch.testing.assert_close(moved, torch.tensor([[4.8, 0.0]] * 2), atol=1e-2, rtol=0)


def test_a_shut_eye_keeps_its_pupil_between_the_lids() -> None:
    source, anchor, driver = _face(), _face(), _face(eye=0.3)
    driver[:, [72, 73]] += torch.tensor([0.0, 6.0])
    out = retarget_landmarks(source, driver, anchor, MotionOptions())
    assert out[0, 68, 1] - 1e-3 <= out[0, 72, 1] <= out[0, 69, 1] + 1e-3


def test_frames_do_not_influence_each_other() -> None:
    anchor = _face(eye=4)
    driver = anchor + torch.randn(3, 74, 2, generator=torch.Generator().manual_seed(4)) * 2
    together = retarget_landmarks(_face(), driver, anchor, MotionOptions())
    for k in range(3):
        alone = retarget_landmarks(_face(), driver[k : k + 1], anchor, MotionOptions())
        torch.testing.assert_close(alone[0], together[k])


def test_twice_the_amount_is_twice_the_shift_and_the_angle() -> None:
    face = _face()
    driver = _rotate(face, 6) + torch.tensor([5.0, 0.0])
    out = retarget_landmarks(face, driver, face, MotionOptions(strength=2.0))
    torch.testing.assert_close(
        out[0, 45] - out[0, 36], (_rotate(face, 12)[0, [36, 45]]).diff(dim=0)[0]
    )


def test_the_driver_square_gives_the_anchor_the_sources_size_and_place() -> None:
    source = _face()[0].numpy()
    anchor = source * 3.7 + np.array([400, 90], np.float32)
    square = driver_square(source, anchor)
    np.testing.assert_allclose(anchor @ square[:, :2].T + square[:, 2], source, atol=1e-3)
    assert square[0, 1] == square[1, 0] == 0


@pytest.mark.parametrize(("turn", "least"), [(25.0, 0.25), (40.0, 0.25), (80.0, 0.05)])
def test_no_rotation_collapses_the_far_side(turn: float, least: float) -> None:
    """Points near the nose are shifted sideways by up to 80 px, more than a head can turn."""
    source = _face()
    driver = source.clone()
    depth = 1 - ((source[..., 0] - 128) / 60).square()
    driver[..., 0] += turn * depth
    out = retarget_landmarks(source, driver, source, MotionOptions())
    for left, right in ((36, 39), (39, 27), (27, 42), (42, 45)):
        before = source[0, right, 0] - source[0, left, 0]
        assert out[0, right, 0] - out[0, left, 0] > least * before
