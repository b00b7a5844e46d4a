"""What training may not do to a shape model, whatever the data say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from places import SHARED

from animate_cli.faces.points import JAW, MIRROR
from animate_cli.faces.shape3d.fit import gaze, solve
from animate_cli.faces.shape3d.model import (
    LINEAR,
    HeadPose,
    Part,
    ShapeConfig,
    ShapeModel,
    gaze_direction,
    load_shape_model,
    project,
    rotation,
)
from animate_cli.train.objectives.shape.initial_shape import SUPPORT, Prior, build_prior
from animate_cli.train.objectives.shape.trainable_shape import (
    LEVEL_SHARE,
    ShapeNet,
    centre_gaze,
    level_pitch,
    standardise,
)
from animate_cli.train.synthetic import ict_head

HEAD = SHARED / "data" / "ict_face.npz"
MIRRORED = list(MIRROR[:LINEAR])
FLIP = torch.tensor((-1.0, 1.0, 1.0))


def mirrored(shape: torch.Tensor) -> torch.Tensor:
    return shape[..., MIRRORED, :] * FLIP


@pytest.fixture(scope="module")
def model() -> ShapeModel:
    return load_shape_model()


@pytest.fixture(scope="module")
def prior(model: ShapeModel) -> Prior:
    """The embedded model as prior, every other mode turned over by the mirror."""
    config = model.config
    order = torch.arange(config.expression)
    right, left = config.part(Part.RIGHT_EYE), config.part(Part.LEFT_EYE)
    order[right], order[left] = order[left].clone(), order[right].clone()
    sign = torch.ones(config.expression)
    sign[config.part(Part.BROWS).start :: 2] = -1
    identity_sign = torch.ones(config.identity)
    identity_sign[::2] = -1
    return Prior(
        model=model, identity_sign=identity_sign, expression_order=order, expression_sign=sign
    )


@pytest.fixture
def wild(prior: Prior) -> ShapeNet:
    """A network whose differences are noise."""
    network = ShapeNet(prior)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=random))
    return network


@torch.no_grad()
def test_an_untrained_network_is_its_prior(prior: Prior) -> None:
    made = ShapeNet(prior)()
    for name in ("mean", "identity", "expression", "eyeballs"):
        torch.testing.assert_close(getattr(made, name), getattr(prior.model, name))


@torch.no_grad()
def test_whatever_is_learned_is_symmetric(wild: ShapeNet, prior: Prior) -> None:
    made, first = wild(), prior.model
    difference = made.mean - first.mean
    assert difference.abs().max() > 0.01
    torch.testing.assert_close(mirrored(difference), difference, atol=1e-3, rtol=0)
    difference = made.identity - first.identity
    sign = prior.identity_sign[:, None, None]
    torch.testing.assert_close(mirrored(difference), sign * difference, atol=1e-3, rtol=0)
    difference = made.expression - first.expression
    sign = prior.expression_sign[:, None, None]
    other = sign * difference[prior.expression_order]
    torch.testing.assert_close(mirrored(difference), other, atol=1e-6, rtol=0)


@torch.no_grad()
def test_expression_stays_in_its_part(wild: ShapeNet, model: ShapeModel) -> None:
    change = (wild().expression - model.expression).abs().sum(dim=2) > 0
    for part in Part:
        moved = change[model.config.part(part)].any(dim=0).nonzero().flatten().tolist()
        assert sorted(moved) == sorted(SUPPORT[part])


@torch.no_grad()
def test_the_mean_may_not_turn_shift_or_grow(wild: ShapeNet, model: ShapeModel) -> None:
    rest = [k for k in range(LINEAR) if k not in JAW]
    change, base = (wild().mean - model.mean)[rest], model.mean[rest]
    assert change.mean(dim=0).abs().max() < 1e-4
    assert (change * base).sum().abs() < 1e-3
    assert torch.linalg.cross(base, change).sum(dim=0).abs().max() < 1e-3


def people(model: ShapeModel, *, count: int, frames: int, size: float = 1.0) -> torch.Tensor:
    """(P, T, 74, 2): coefficients with the standard deviation `size`, eyes on the camera."""
    random = torch.Generator().manual_seed(1)
    turn = rotation(20 * torch.randn(count, frames, 3, generator=random))
    pose = HeadPose(
        rotation=turn,
        scale=torch.full((count, frames), 100.0),
        shift=torch.zeros(count, frames, 2),
    )
    identity = size * torch.randn(count, 1, model.config.identity, generator=random)
    expression = size * torch.randn(count, frames, model.config.expression, generator=random)
    camera = turn[..., 2, :]
    yaw = torch.rad2deg(torch.atan2(camera[..., 0], camera[..., 2]))
    pitch = torch.rad2deg(torch.asin(camera[..., 1]))
    look = torch.stack((yaw, pitch), dim=-1)[..., None, :].expand(-1, -1, 2, -1)
    return project(model, pose, identity, expression, look)


@torch.no_grad()
def test_one_is_one_standard_deviation(model: ShapeModel, prior: Prior) -> None:
    seen = people(model, count=60, frames=6)[..., :LINEAR, :]
    too_small = replace(model, identity=model.identity / 3, expression=model.expression / 3)
    found = standardise(too_small, prior, seen)
    sizes = [m.square().sum(dim=(1, 2)).sqrt() for m in (found.identity, model.identity)]
    assert 0.8 < (sizes[0] / sizes[1]).median() < 1.2
    sizes = [m.square().sum(dim=(1, 2)).sqrt() for m in (found.expression, model.expression)]
    assert 0.8 < (sizes[0] / sizes[1]).median() < 1.2


@torch.no_grad()
def test_levelling_takes_off_its_share_of_the_pitch(model: ShapeModel) -> None:
    seen = people(model, count=30, frames=1)[:, 0]
    nodding = replace(model, mean=model.mean @ rotation(torch.tensor((0.0, -10.0, 0.0))).T)

    def pitch(of: ShapeModel) -> float:
        found = solve(of, seen[:, None, :LINEAR], torch.ones(30, 1, LINEAR))
        return found.pose.angles_deg[..., 1].mean().item()

    before = pitch(nodding)
    assert abs(before) > 5
    assert pitch(level_pitch(nodding, seen)) == pytest.approx((1 - LEVEL_SHARE) * before, abs=0.5)


@torch.no_grad()
def test_eyeballs_are_put_where_people_look_into_the_camera(model: ShapeModel) -> None:
    seen = people(model, count=40, frames=1)[:, 0]
    off = torch.tensor(((0.05, 0.04, 0, 0), (-0.05, 0.04, 0, 0)))
    wrong = replace(model, eyeballs=model.eyeballs + off)
    right = centre_gaze(wrong, seen)

    def miss(of: ShapeModel) -> float:
        found = solve(of, seen[:, None, :LINEAR], torch.ones(40, 1, LINEAR))
        shape = of.shape(found.identity[:, None], found.expression)
        looks = gaze_direction(gaze(of, found.pose, shape, seen[:, None, LINEAR:]))[:, 0]
        return (looks - found.pose.rotation[:, 0, None, 2]).median(dim=0).values.abs().max().item()

    assert miss(wrong) > 0.04
    assert miss(right) < 0.01


@pytest.mark.skipif(not HEAD.exists(), reason="needs the scanned head model beside the checkout")
def test_the_prior_is_the_scanned_heads_symmetric_and_in_parts() -> None:
    head = ict_head.load(HEAD)
    prior = build_prior(head, ShapeConfig())
    model = prior.model
    torch.testing.assert_close(mirrored(model.mean), model.mean)
    corners = model.mean[[36, 45]]
    torch.testing.assert_close(corners.mean(dim=0), torch.zeros(3), atol=0.01, rtol=0)
    signed = prior.identity_sign[:, None, None] * model.identity
    torch.testing.assert_close(mirrored(model.identity), signed, atol=1e-4, rtol=0)
    other = prior.expression_sign[:, None, None] * model.expression[prior.expression_order]
    torch.testing.assert_close(mirrored(model.expression), other, atol=1e-4, rtol=0)
    blink = ict_head.weights(head, {"eyeBlink_R": 0.8})
    nobody = np.zeros(len(head.identity), np.float32)
    shut, open_ = (
        ict_head.shape(head, nobody, e)[head.landmarks[[68, 69]], 1] for e in (blink, blink * 0)
    )
    modes = model.expression[model.config.part(Part.RIGHT_EYE)][:, [68, 69], 1].numpy()
    unit = np.linalg.norm(np.subtract(*head.neutral[head.landmarks[[36, 45]]]))
    wanted = -(shut - open_) / unit
    reached = modes.T @ np.linalg.lstsq(modes.T, wanted, rcond=None)[0]
    np.testing.assert_allclose(reached, wanted, atol=0.01)
