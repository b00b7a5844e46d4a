"""What every model promises; a new model is tested by being there."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from animate_cli.models.base import FaceModel
from animate_cli.models.find import find_model, model_names
from animate_cli.options import Motion, MotionOptions
from animate_cli.records import BODY

Model = FaceModel[Any, Any, Any]


EMBEDDED = ("sparse_to_dense", "thin_plate")
"""The models whose weights are here; those of others are tested with weights of their own."""


@pytest.fixture(params=[name for name in model_names() if name in EMBEDDED])
def model(request: pytest.FixtureRequest) -> Model:
    return find_model(request.param, device="cpu")


@pytest.fixture(params=[0, BODY])
def body(request: pytest.FixtureRequest) -> int:
    """Rows below the landmarks."""
    return int(request.param)


def _codes(model: Model, picture: Tensor, points: Tensor, body: int) -> tuple[Any, Any, Any]:
    """Source, anchor, and two driver frames that move."""
    random = torch.Generator().manual_seed(1)
    motion = torch.randn(2, 74, 2, generator=random) * 1.5
    swings = torch.randn(2, body, 2, generator=random) * 0.05
    still = torch.zeros(1, body, 2)
    faces = picture if model.frame_encoder() is not None else None
    many = None if faces is None else faces.expand(2, -1, -1, -1)
    source = model.encode_source(picture, points)
    return (
        source,
        model.encode_driver(faces, torch.cat((points, still), dim=1)),
        model.encode_driver(many, torch.cat((points + motion, swings), dim=1)),
    )


def test_shapes_and_ranges(
    model: Model, face_picture: Tensor, face_points: Tensor, body: int
) -> None:
    source, anchor, driver = _codes(model, face_picture, face_points, body)
    rendered, state = model.render(source, model.retarget(source, driver, anchor, MotionOptions()))
    size = model.face_size
    assert rendered.face.shape == (2, 3, size, size)
    assert rendered.face.min() >= 0
    assert rendered.face.max() <= 1
    assert rendered.grid is None or rendered.grid.shape == (2, size, size, 2)
    assert rendered.refine_mask is None or rendered.refine_mask.shape == (2, 1, size, size)
    assert state is None


def test_a_batch_of_two_is_two_of_one(
    model: Model, face_picture: Tensor, face_points: Tensor, body: int
) -> None:
    source, anchor, driver = _codes(model, face_picture, face_points, body)
    moved = model.retarget(source, driver, anchor, MotionOptions())
    together, _ = model.render(source, moved)
    for k in range(2):
        alone = model.retarget(source, driver[k : k + 1], anchor, MotionOptions())
        torch.testing.assert_close(alone, moved[k : k + 1])
        single, _ = model.render(source, alone)
        torch.testing.assert_close(single.face, together.face[k : k + 1], atol=1e-4, rtol=0)


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.0])
def test_no_motion_gives_the_source_back(
    model: Model, face_picture: Tensor, face_points: Tensor, body: int, strength: float
) -> None:
    source, anchor, driver = _codes(model, face_picture, face_points, body)
    still = driver if strength == 0 else anchor
    options = MotionOptions(strength=strength)
    rendered, _ = model.render(source, model.retarget(source, still, anchor, options))
    same = (rendered.face * 255).round() == (face_picture * 255).round()
    distance = (rendered.face - face_picture).abs().max()
    assert distance < 1e-4
    assert same.float().mean() > 0.999


@pytest.mark.parametrize("motion", list(Motion))
def test_the_same_twice(
    model: Model, face_picture: Tensor, face_points: Tensor, body: int, motion: Motion
) -> None:
    source, anchor, driver = _codes(model, face_picture, face_points, body)
    options = MotionOptions(motion=motion)
    once, _ = model.render(source, model.retarget(source, driver, anchor, options))
    again, _ = model.render(source, model.retarget(source, driver, anchor, options))
    assert torch.equal(once.face, again.face)
