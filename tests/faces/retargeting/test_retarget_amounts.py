"""Amounts: 0 locks a facial part, a larger one moves it more, and none moves another part."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from torch import Tensor

from animate_cli.faces.points import LEFT_BROW, PUPILS
from animate_cli.faces.retargeting.eye_mouth_aperture import MOUTH, RIGHT_EYE, apertures, in_eye
from animate_cli.faces.retargeting.retarget import retarget_landmarks
from animate_cli.faces.shape3d.lift import LiftedFaces, identify, lift
from animate_cli.faces.shape3d.model import HeadPose, load_shape_model, project, rotation
from animate_cli.options import Amounts, Motion, MotionOptions

OF_THE_FACE = [one.name for one in fields(Amounts) if one.name != "body"]
STEPS = (0.0, 0.5, 1.0, 1.5, 2.0)


def person(seed: int, frames: int, *, moving: float) -> Tensor:
    """Points (frames, 74, 2) of one person of the shape model; the first frame is neutral."""
    model = load_shape_model()
    random = torch.Generator().manual_seed(seed)
    where = moving * torch.arange(frames)[:, None].clamp_max(1)
    made = where * 0.7 * torch.randn(frames, model.config.expression, generator=random)
    angles = where * torch.tensor((14.0, 8.0, -6.0)) * torch.rand(frames, 1, generator=random)
    pose = HeadPose(
        rotation=rotation(angles),
        scale=torch.full((frames,), 90.0),
        shift=120 + where * torch.randn(frames, 2, generator=random) * 4,
    )
    identity = 0.6 * torch.randn(model.config.identity, generator=random)
    looks = where[..., None] * torch.tensor((28.0, 5.0)).expand(frames, 2, 2)
    return project(model, pose, identity.expand(frames, -1), made, looks)


@pytest.fixture(scope="module")
def source() -> Tensor:
    return person(1, 1, moving=0.0)


@pytest.fixture(scope="module")
def driver() -> Tensor:
    return person(2, 6, moving=1.0)


def moved(source: Tensor, driver: Tensor, motion: Motion, amounts: Amounts) -> LiftedFaces:
    """The result in the frame of its head; the first face is the source."""
    model = load_shape_model()
    options = MotionOptions(motion=motion, amount=amounts)
    out = retarget_landmarks(source, driver, driver[:1], options)
    own = identify(model, source).expand(len(out) + 1, -1)
    return lift(model, torch.cat((source, out)), own)


def parts(faces: LiftedFaces) -> dict[str, Tensor]:
    """The quantity of each amount, in units of the largest change that counts as none: (B, ...).

    Of the gaze the way along the eye, roughly: a lid that shuts takes the pupil to its middle.
    """
    front = faces.points[..., :2]
    return {
        "pose": faces.pose.angles_deg / 0.5,
        "expression": (front[:, list(LEFT_BROW)] - front[:, 27:28]).flatten(1) / 0.015,
        "eyes": apertures(front, RIGHT_EYE) / 0.01,
        "gaze": in_eye(front, RIGHT_EYE, PUPILS[0])[:, :1] / 0.07,
        "lips": torch.cat((apertures(front, MOUTH), front[:, 8] - front[:, 27]), -1) / 0.02,
    }


@pytest.mark.parametrize("motion", list(Motion))
@pytest.mark.parametrize("part", OF_THE_FACE)
def test_0_locks_a_part_and_no_other(
    source: Tensor, driver: Tensor, part: str, motion: Motion
) -> None:
    locked = parts(moved(source, driver, motion, replace(Amounts(), **{part: 0.0})))
    changes = {name: (value[1:] - value[:1]).abs().max() for name, value in locked.items()}
    assert changes.pop(part) < 1
    assert min(changes.values()) > 2


@pytest.mark.parametrize("part", OF_THE_FACE)
def test_a_larger_amount_moves_a_part_more(source: Tensor, driver: Tensor, part: str) -> None:
    """In the last frame of the driver, on average over the quantities of a part."""
    sizes = []
    for amount in STEPS:
        amounts = replace(Amounts(), **{part: amount})
        value = parts(moved(source, driver[[0, -1]], Motion.RELATIVE, amounts))[part]
        sizes.append(float((value[-1] - value[0]).abs().mean()))
    assert sizes == sorted(sizes)
    assert sizes[2] > 2 * sizes[0] + 0.1


@pytest.mark.parametrize("motion", list(Motion))
def test_frames_do_not_influence_each_other(source: Tensor, driver: Tensor, motion: Motion) -> None:
    options, order = MotionOptions(motion=motion), torch.tensor([4, 0, 5, 2])
    together = retarget_landmarks(source, driver, driver[:1], options)
    mixed = retarget_landmarks(source, driver[order], driver[:1], options)
    torch.testing.assert_close(mixed, together[order], atol=1e-3, rtol=0)
    alone = retarget_landmarks(source, driver[3:4], driver[:1], options)
    torch.testing.assert_close(alone, together[3:4], atol=1e-3, rtol=0)


def test_no_frames_give_no_frames(source: Tensor, driver: Tensor) -> None:
    out = retarget_landmarks(source, driver[:0], driver[:1], MotionOptions())
    assert out.shape == (0, 74, 2)
