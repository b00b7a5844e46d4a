from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.faces.points import MIRROR
from animate_cli.faces.shape3d.model import (
    LINEAR,
    HeadPose,
    Part,
    ShapeConfig,
    ShapeModel,
    eyeballs,
    from_tensors,
    load_shape_model,
    project,
    pupils,
    rotation,
    see,
)

FLIP = torch.tensor((-1.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return load_shape_model()


def straight(angles_deg: tuple[float, float, float] = (0, 0, 0)) -> HeadPose:
    return HeadPose(
        rotation=rotation(torch.tensor(angles_deg, dtype=torch.float32)),
        scale=torch.tensor(100.0),
        shift=torch.tensor((320.0, 240.0)),
    )


def at_rest(model: ShapeModel, pose: HeadPose, gaze_deg: tuple[float, float] = (0, 0)):
    gaze = torch.tensor(gaze_deg, dtype=torch.float32).expand(2, 2)
    config = model.config
    return project(model, pose, torch.zeros(config.identity), torch.zeros(config.expression), gaze)


def test_angles_of_a_rotation_are_those_that_made_it() -> None:
    angles = torch.rand(200, 3, generator=torch.Generator().manual_seed(0)) * 160 - 80
    turn = rotation(angles)
    pose = HeadPose(rotation=turn, scale=torch.ones(200), shift=torch.zeros(200, 2))
    torch.testing.assert_close(pose.angles_deg, angles, atol=1e-3, rtol=0)
    torch.testing.assert_close(turn @ turn.mT, torch.eye(3).expand(200, 3, 3), atol=1e-5, rtol=0)
    assert (torch.linalg.det(turn) > 0).all()


def test_angles_have_the_documented_signs(model: ShapeModel) -> None:
    nose = at_rest(model, straight())[30]
    assert at_rest(model, straight((20, 0, 0)))[30, 0] > nose[0] + 10, "yaw: to image right"
    assert at_rest(model, straight((0, 20, 0)))[30, 1] > nose[1] + 10, "pitch: down"
    eyes = at_rest(model, straight((0, 0, 20)))[[36, 45]]
    assert eyes[1, 1] > eyes[0, 1] + 10, "roll: clockwise, image right goes down"


def test_gaze_moves_only_the_pupils_in_its_direction(model: ShapeModel) -> None:
    ahead, right, down = (at_rest(model, straight(), g) for g in ((0, 0), (15, 0), (0, 15)))
    torch.testing.assert_close(ahead[:LINEAR], right[:LINEAR])
    assert (right[72:, 0] > ahead[72:, 0] + 2).all()
    assert (down[72:, 1] > ahead[72:, 1] + 2).all()


def test_pupils_lie_on_their_eyeballs(model: ShapeModel) -> None:
    shape = model.mean.expand(5, -1, -1)
    where = pupils(model, shape, torch.linspace(-30, 30, 20).reshape(5, 2, 2))
    centre, radius = eyeballs(model, shape)
    torch.testing.assert_close((where - centre).norm(dim=-1), radius)


def test_nearer_points_are_magnified(model: ShapeModel) -> None:
    near, far = (torch.tensor(((-0.5, 0, z), (0.5, 0, z))) for z in (1.0, -1.0))
    width = [see(model, straight(), p).diff(dim=0).norm().item() for p in (near, far)]
    distance = model.config.distance
    assert width[0] / width[1] == pytest.approx((distance + 1) / (distance - 1))


def test_a_camera_far_away_is_weak_perspective(model: ShapeModel) -> None:
    far = replace(model, config=replace(model.config, distance=1e6))
    pose = straight((25, 10, 5))
    flat = 100 * (model.mean @ pose.rotation.mT)[:, :2] + pose.shift
    torch.testing.assert_close(see(far, pose, model.mean), flat, atol=1e-2, rtol=0)


def test_the_neutral_face_is_symmetric(model: ShapeModel) -> None:
    mirrored = model.mean[list(MIRROR[:LINEAR])] * FLIP
    torch.testing.assert_close(mirrored, model.mean, atol=2e-3, rtol=0)
    corners = model.mean[[36, 45]]
    assert (corners[1] - corners[0]).norm().item() == pytest.approx(1, abs=0.05)
    assert corners.mean(dim=0).norm().item() < 0.05


def test_each_coefficient_and_each_point_belongs_to_one_part(model: ShapeModel) -> None:
    config = model.config
    taken = [i for part in Part for i in range(config.expression)[config.part(part)]]
    assert sorted(taken) == list(range(config.expression))
    moved = [model.expression[config.part(part)].abs().sum(dim=(0, 2)) > 0 for part in Part]
    assert torch.stack(moved).sum(dim=0).max() == 1
    right, left = moved[0].nonzero().flatten().tolist(), moved[1].nonzero().flatten().tolist()
    assert sorted(MIRROR[k] for k in right) == sorted(left)


def test_the_modes_of_an_eye_can_shut_it(model: ShapeModel) -> None:
    gap = model.mean[69, 1] - model.mean[68, 1]
    modes = model.expression[model.config.part(Part.RIGHT_EYE)]
    change = modes[:, 69, 1] - modes[:, 68, 1]
    assert change.norm() * 3 > gap, "within three standard deviations"


def test_a_tensor_of_another_shape_is_an_error() -> None:
    metadata, tensors = hub.load("shape")
    with pytest.raises(WeightsError, match="holds"):
        from_tensors(metadata, {**tensors, "mean": tensors["mean"][:-1]}, where="weights 'x'")
    with pytest.raises(WeightsError, match="holds"):
        from_tensors(metadata, {k: v for k, v in tensors.items() if k != "mean"}, where="x")
    with pytest.raises(WeightsError, match="config"):
        from_tensors({}, tensors, where="x")


def test_config_counts_add_up() -> None:
    config = ShapeConfig(eye=2, brows=3, mouth=4)
    assert config.expression == 11
    assert config.part(Part.MOUTH) == slice(7, 11)
