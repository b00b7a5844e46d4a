"""Motion of neck, shoulders and hair, in pictures whose motion is known."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch

from animate_cli.faces.shape3d import rigid_head as head
from animate_cli.faces.shape3d.model import HeadPose, load_shape_model, project, rotation
from animate_cli.faces.tracking.body_motion import HAIR_LIMIT, LIMIT, BodyFlow, body_between
from animate_cli.faces.tracking.reference_frames import INTERVAL_S
from animate_cli.records import BODY, Frame, Image, Points

WIDTH, HEIGHT = 480, 480
CHIN_Y = 300
EYES_PX = 90.0
WALKED = 80.0
NECK, SHOULDERS, HAIR = slice(0, 6), slice(6, 18), slice(18, None)


def face(shift: tuple[float, float] = (0, 0)) -> Points:
    """Points (74, 2) of a plain head that faces the camera, outer eye corners 90 px apart."""
    model = load_shape_model()
    pose = HeadPose(
        rotation=torch.eye(3)[None],
        scale=torch.full((1,), EYES_PX),
        shift=torch.tensor([(240.0, 200.0)]),
    )
    rest = torch.zeros(1, model.config.identity), torch.zeros(1, model.config.expression)
    points = project(model, pose, *rest, torch.zeros(1, 2, 2))[0].numpy()
    return (points + shift).astype(np.float32)


def person(shift: tuple[float, float] = (0, 0), seed: int = 0) -> Image:
    """A picture of distinct patches, shifted below the chin."""
    rng = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (0, 0), 4)
    broad = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (0, 0), 25)
    picture = np.clip(128 + 400 * fine + 2000 * broad, 0, 255).astype(np.uint8)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    below = 1 / (1 + np.exp((CHIN_Y - y) / 8)).astype(np.float32)
    moved = cv2.remap(picture, x - shift[0] * below, y - shift[1] * below, cv2.INTER_LINEAR)
    return np.asarray(moved, np.uint8)


def unit_px(points: Points) -> float:
    """Pixels per unit of the head."""
    fit = head.camera_fit("cpu")
    return float(head.scale(head.cameras(torch.from_numpy(points)[None], fit)))


def frame(picture: Image, time_s: Fraction | int) -> Frame:
    return Frame(pixels=picture, index=0, time_s=Fraction(time_s))


def test_every_point_has_a_share() -> None:
    assert len(head.BODY_XYZ) == len(head.BODY_FOLLOWS) == BODY


@pytest.mark.parametrize("shift", [(9.0, 0.0), (-6.0, 8.0)])
def test_motion_of_shoulders_is_measured_and_resting_hair_does_not_move(shift) -> None:
    body = body_between(person(), person(shift), face(), face())
    wanted = np.array(shift) / unit_px(face())
    np.testing.assert_allclose(np.median(body[SHOULDERS], axis=0), wanted, atol=0.025)
    np.testing.assert_allclose(np.median(body[HAIR], axis=0), 0, atol=0.01)


def test_motion_is_measured_relative_to_the_rule() -> None:
    """All is shifted alike, while the rule gives a neck only a share of the head's motion."""
    matrix = np.array(((1.0, 0.0, 12.0), (0.0, 1.0, -5.0)))
    after = cv2.warpAffine(person(), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    body = body_between(person(), np.asarray(after, np.uint8), face(), face((12, -5)))
    left = 1 - np.array(head.BODY_FOLLOWS)[:, None]
    wanted = left * np.array((12, -5)) / unit_px(face())
    np.testing.assert_allclose(np.median(body - wanted, axis=0), 0, atol=0.01)
    np.testing.assert_allclose(np.median((body - wanted)[NECK], axis=0), 0, atol=0.02)


def test_the_view_moves_along_with_a_face_that_crosses_the_picture() -> None:
    matrix = np.array(((1.0, 0.0, WALKED), (0.0, 1.0, 0.0)))
    after = cv2.warpAffine(person(), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    body = body_between(person(), np.asarray(after, np.uint8), face(), face((WALKED, 0)))
    np.testing.assert_allclose(np.median(body[HAIR], axis=0), 0, atol=0.02)


def test_motion_is_limited_more_for_hair_than_for_shoulders() -> None:
    matrix = np.array(((1.0, 0.0, 40.0), (0.0, 1.0, 0.0)))
    after = cv2.warpAffine(person(), matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    body = body_between(person(), np.asarray(after, np.uint8), face(), face())
    assert 0.8 * HAIR_LIMIT < np.median(body[HAIR, 0]) <= HAIR_LIMIT
    np.testing.assert_allclose(np.median(body[SHOULDERS, 0]), 40 / unit_px(face()), atol=0.03)


def test_covered_places_move_as_their_neighbours() -> None:
    """Another picture covers the right shoulder."""
    after, other = person((9, 0)), person(seed=7)
    x = int(face()[:, 0].mean()) - 70
    after[CHIN_Y:, :x] = other[CHIN_Y:, :x]
    body = body_between(person(), after, face(), face())
    right = np.array([x < 0 for x, _, _ in head.BODY_XYZ[SHOULDERS]])
    np.testing.assert_allclose(
        np.median(body[SHOULDERS][~right, 0]), 9 / unit_px(face()), atol=0.03
    )
    nearest = body[SHOULDERS][right][:2]
    assert np.median(nearest[:, 0]) > 0.4 * 9 / unit_px(face())


def test_places_whose_neighbours_are_covered_as_well_move_by_the_rule() -> None:
    """Another picture covers both shoulders."""
    after, other = person(), person(seed=7)
    after[CHIN_Y:] = other[CHIN_Y:]
    body = body_between(person(), after, face(), face())
    found = np.linalg.norm(body[SHOULDERS], axis=1)
    assert np.median(found) < 0.02
    assert found.max() <= LIMIT


def test_shoulders_outside_the_picture_move_by_the_rule() -> None:
    shown = slice(0, 310)
    body = body_between(person()[shown], person((9, 0))[shown], face(), face())
    assert not body[SHOULDERS].any()


@pytest.mark.parametrize("corner", [(0, 0), (-150, -120), (400, 450)])
def test_a_face_at_the_edge_of_a_small_picture_is_no_error(corner) -> None:
    after, points = person((9, 0))[:200, :160], face(corner)
    body = body_between(person()[:200, :160], after, points, points)
    assert np.isfinite(body).all()
    assert np.linalg.norm(body, axis=1).max() <= LIMIT + 1e-6


def test_frames_are_measured_at_intervals_and_shots_separately() -> None:
    flow = BodyFlow()
    assert not flow(frame(person(), 0), face()).any()
    assert np.isnan(flow(frame(person((9, 0)), INTERVAL_S / 2), face())).all()
    seen = flow(frame(person((9, 0)), INTERVAL_S), face())
    assert np.median(seen[SHOULDERS, 0]) * unit_px(face()) > 6
    assert np.isnan(flow(frame(person(), INTERVAL_S + INTERVAL_S / 3), face())).all()
    flow.miss()
    assert not np.isnan(flow(frame(person(), INTERVAL_S + INTERVAL_S / 2), face())).any()
    flow.restart()
    assert not flow(frame(person((9, 0)), INTERVAL_S + INTERVAL_S / 2), face()).any()


@pytest.mark.parametrize("degrees", [25.0, 45.0])
def test_the_unit_of_a_head_does_not_depend_on_its_rotation(degrees) -> None:
    model = load_shape_model()
    pose = HeadPose(
        rotation=rotation(torch.tensor([[degrees, 0.0, 0.0]])),
        scale=torch.full((1,), EYES_PX),
        shift=torch.tensor([(240.0, 200.0)]),
    )
    rest = torch.zeros(1, model.config.identity), torch.zeros(1, model.config.expression)
    turned = project(model, pose, *rest, torch.zeros(1, 2, 2))[0].numpy()
    assert abs(unit_px(turned) / unit_px(face()) - 1) < 0.08
