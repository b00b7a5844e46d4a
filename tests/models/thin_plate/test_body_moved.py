"""A driver's neck, shoulders and hair in the models that landmarks drive."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from animate_cli.faces.shape3d import rigid_head as head
from animate_cli.layers.grid import identity_grid
from animate_cli.models.find import find_model
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.options import Amounts, MotionOptions, Only
from animate_cli.records import BODY

SIZE = 256
SHOULDERS = slice(6, 18)


def moved(grid: Tensor, places: Tensor) -> Tensor:
    """The displacement of a backward grid at places (N, 2) px: (N, 2) px."""
    flow = (grid - identity_grid(SIZE, SIZE))[0] * (SIZE / 2)
    x, y = places.round().long().clamp(0, SIZE - 1).unbind(dim=-1)
    return flow[y, x]


def shrug(px: float, points: Tensor) -> Tensor:
    """Shoulders go up: (1, 26, 2)."""
    body = torch.zeros(1, BODY, 2)
    body[:, SHOULDERS, 1] = -px / head.scale(camera_of(points))[:, 0]
    return body


def camera_of(points: Tensor) -> Tensor:
    return head.cameras(points, head.camera_fit("cpu"))


@pytest.fixture
def small(face_points: Tensor) -> Tensor:
    """A face with room for shoulders below: (1, 74, 2)."""
    return 128 + 0.7 * (face_points - 128) + torch.tensor((0.0, -25.0))


def test_shoulders_go_where_they_are_told_and_the_face_stays(small: Tensor) -> None:
    plate = LandmarkGrid(SIZE)
    places = head.outline(camera_of(small), head.BODY_XYZ)[0]
    grid = plate.grid(small, small, shrug(8, small))
    shoulders = places[SHOULDERS][(places[SHOULDERS] < SIZE - 40).all(dim=1)]
    assert len(shoulders) >= 4
    up = moved(grid, shoulders - torch.tensor((0.0, 8.0)))
    torch.testing.assert_close(up[:, 1], torch.full((len(shoulders),), 8.0), atol=1.5, rtol=0)
    assert moved(grid, small[0, 27:68]).abs().max() < 0.5


def test_a_body_that_rests_changes_nothing_where_nothing_moves(small: Tensor) -> None:
    grid = LandmarkGrid(SIZE).grid(small, small, torch.zeros(1, BODY, 2))
    torch.testing.assert_close(grid, identity_grid(SIZE, SIZE), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("options", "share"),
    [
        (MotionOptions(), 1.0),
        (MotionOptions(strength=0.5), 0.5),
        (MotionOptions(strength=2, amount=replace(Amounts(), body=2)), 2.0),
        (MotionOptions(amount=replace(Amounts(), body=0)), 0.0),
        (MotionOptions(amount=replace(Amounts(), pose=0)), 0.0),
        (MotionOptions(only=Only.POSE), 1.0),
        (MotionOptions(only=Only.LIPS), 0.0),
    ],
)
def test_the_change_since_the_anchor_is_taken_as_far_as_asked(
    face_points: Tensor, face_picture: Tensor, options: MotionOptions, share: float
) -> None:
    model = find_model("sparse_to_dense", device="cpu")
    start, body = 0.1 * torch.randn(1, BODY, 2), 0.1 * torch.randn(3, BODY, 2)
    with torch.inference_mode():
        source = model.encode_source(face_picture, face_points)
        anchor = model.encode_driver(None, torch.cat((face_points, start), dim=1))
        seen = torch.cat((face_points.expand(3, -1, -1), body), dim=1)
        codes = model.retarget(source, model.encode_driver(None, seen), anchor, options)
    torch.testing.assert_close(codes[:, 74:], share * (body - start))
    torch.testing.assert_close(codes[:, :74], face_points.expand(3, -1, -1), atol=1e-2, rtol=0)


def test_a_model_renders_with_and_without_a_body(face_points: Tensor, face_picture: Tensor) -> None:
    model = find_model("sparse_to_dense", device="cpu")
    body = shrug(6, face_points)
    with torch.inference_mode():
        source = model.encode_source(face_picture, face_points)
        bare = model.render(source, face_points)[0]
        told = model.render(source, torch.cat((face_points, body), dim=1))[0]
    assert bare.grid.shape == told.grid.shape
    assert (bare.grid - told.grid).abs().max() * (SIZE / 2) > 1
    assert torch.equal(bare.face, face_picture)
    assert not torch.equal(told.face, face_picture)


def test_a_body_beyond_the_square_leaves_the_photo_as_it_is(
    face_points: Tensor, face_picture: Tensor
) -> None:
    model = find_model("sparse_to_dense", device="cpu")
    large = 128 + 1.6 * (face_points - 128)
    places = head.outline(camera_of(large), head.BODY_XYZ)[0, SHOULDERS]
    assert (places[:, 1] > SIZE).all()
    with torch.inference_mode():
        source = model.encode_source(face_picture, large)
        drawn = model.render(source, torch.cat((large, shrug(9, large)), dim=1))[0]
    torch.testing.assert_close(drawn.face, face_picture, atol=1 / 512, rtol=0)


def test_the_thin_plate_takes_landmarks_alone(face_points: Tensor) -> None:
    model = find_model("thin_plate", device="cpu")
    seen = torch.cat((face_points, torch.ones(1, BODY, 2)), dim=1)
    assert torch.equal(model.encode_driver(None, seen), face_points)
