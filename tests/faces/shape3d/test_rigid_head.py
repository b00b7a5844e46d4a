"""The rigid head: affine cameras separate rotation from shift."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from animate_cli.faces.shape3d.rigid_head import (
    OUTLINE_FOLLOWS,
    OUTLINE_RESTS,
    OUTLINE_XYZ,
    RIGID,
    RIGID_XYZ,
    camera_fit,
    cameras,
    outline,
)


def _seen(yaw_deg: float, shift: tuple[float, float] = (128.0, 120.0)) -> tuple[Tensor, Tensor]:
    """Landmarks (1, 74, 2) and true outline (N, 2) of a rotated head, 55 px between the eyes."""
    a = math.radians(yaw_deg)
    camera = 55 * torch.tensor([[math.cos(a), 0.0, math.sin(a)], [0.0, 1.0, 0.0]])
    landmarks = torch.zeros(1, 74, 2)
    landmarks[0, list(RIGID)] = torch.tensor(RIGID_XYZ) @ camera.T + torch.tensor(shift)
    return landmarks, torch.tensor(OUTLINE_XYZ) @ camera.T + torch.tensor(shift)


def test_the_outline_is_projected_to_its_true_place() -> None:
    for yaw in (-30.0, 0.0, 20.0):
        landmarks, truth = _seen(yaw)
        found = outline(cameras(landmarks, camera_fit("cpu")))
        torch.testing.assert_close(found[0], truth, atol=1e-2, rtol=0)


def test_a_shift_moves_the_outline_as_far_as_the_face() -> None:
    fit = camera_fit("cpu")
    before = outline(cameras(_seen(0)[0], fit))
    after = outline(cameras(_seen(0, (138.0, 115.0))[0], fit))
    expected = torch.tensor([10.0, -5.0]).expand_as(before)
    torch.testing.assert_close(after - before, expected, atol=1e-2, rtol=0)


def test_a_rotation_moves_the_outline_less_than_the_nose_in_the_other_direction() -> None:
    fit = camera_fit("cpu")
    still, turned = _seen(0)[0], _seen(15)[0]
    crown = (outline(cameras(turned, fit)) - outline(cameras(still, fit)))[0, :13, 0].mean()
    nose = (turned - still)[0, 30, 0]
    assert nose > 5
    assert crown < 0


def test_every_outline_point_has_a_share_and_a_threshold() -> None:
    assert len(OUTLINE_XYZ) == len(OUTLINE_FOLLOWS) == len(OUTLINE_RESTS)
    assert len(RIGID) == len(RIGID_XYZ)
