"""A shape model that can be trained: constrained differences from an initial one."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from animate_cli.faces.shape3d.fit import gaze, solve
from animate_cli.faces.shape3d.model import (
    LINEAR,
    Part,
    ShapeConfig,
    ShapeModel,
    gaze_direction,
    rotation,
)
from animate_cli.train.objectives.shape.initial_shape import (
    FLIP,
    MIRRORED,
    SUPPORT,
    Prior,
    rigid_motion_remover,
)

LEVEL_SHARE = 0.4
GAZE_ROUNDS = 3
WEAK_PRIOR_NOISE = 0.003  # assumed noise: so small that the fit hardly shrinks coefficients to zero


class ShapeNet(nn.Module):
    """A shape model, parametrised by its differences from the initial one."""

    prior_mean: Tensor
    prior_identity: Tensor
    prior_expression: Tensor
    eyeballs: Tensor
    identity_sign: Tensor
    expression_sign: Tensor
    expression_order: Tensor
    support: Tensor
    turnless: Tensor
    mirrored: Tensor
    flip: Tensor

    def __init__(self, prior: Prior) -> None:
        super().__init__()
        model, self.config = prior.model, prior.model.config
        self.mean = nn.Parameter(torch.zeros_like(model.mean))
        self.identity = nn.Parameter(torch.zeros_like(model.identity))
        self.expression = nn.Parameter(torch.zeros_like(model.expression))
        self.register_buffer("prior_mean", model.mean)
        self.register_buffer("prior_identity", model.identity)
        self.register_buffer("prior_expression", model.expression)
        self.register_buffer("eyeballs", model.eyeballs)
        self.register_buffer("identity_sign", prior.identity_sign[:, None, None])
        self.register_buffer("expression_sign", prior.expression_sign[:, None, None])
        self.register_buffer("expression_order", prior.expression_order)
        self.register_buffer("support", _support(model.config))
        self.register_buffer(
            "turnless", torch.from_numpy(rigid_motion_remover(model.mean.double().numpy())).float()
        )
        self.register_buffer("mirrored", torch.from_numpy(MIRRORED))
        self.register_buffer("flip", torch.from_numpy(FLIP).float())

    def forward(self) -> ShapeModel:
        """The model: the initial one and the differences, projected onto their constraints."""
        mean = self._without_rigid_motion((self.mean + self._mirror(self.mean)) / 2)
        identity = (self.identity + self.identity_sign * self._mirror(self.identity)) / 2
        identity = self._without_rigid_motion(identity)
        other = self._mirror(self.expression[self.expression_order])
        expression = (self.expression + self.expression_sign * other) / 2 * self.support
        return ShapeModel(
            config=self.config,
            mean=self.prior_mean + mean,
            identity=self.prior_identity + identity,
            expression=self.prior_expression + expression,
            eyeballs=self.eyeballs,
        )

    def _without_rigid_motion(self, shape: Tensor) -> Tensor:
        return (shape.flatten(-2) @ self.turnless.T).reshape(shape.shape)

    def _mirror(self, shape: Tensor) -> Tensor:
        return shape[..., self.mirrored, :] * self.flip


def standardise(model: ShapeModel, prior: Prior, people: Tensor) -> ShapeModel:
    """The same model with standardised coefficients: mean 0 and deviation 1 over people.

    The mean becomes that of people (P, T, 72, 2), and each mode is scaled by its deviation over
    them, so that the fit's penalty shrinks all coefficients equally. The mean stays symmetric.
    """
    loose = replace(model, config=replace(model.config, noise=WEAK_PRIOR_NOISE))
    found = solve(loose, people, torch.ones_like(people[..., 0]))
    middle = found.identity.mean(dim=0) * (prior.identity_sign > 0)
    spread = (found.identity - middle).square().mean(dim=0).sqrt()
    strength = found.expression.square().mean(dim=(0, 1))
    strength = ((strength + strength[prior.expression_order]) / 2).sqrt()
    return replace(
        model,
        mean=model.mean + torch.tensordot(middle, model.identity, 1),
        identity=model.identity * spread[:, None, None],
        expression=model.expression * strength[:, None, None],
    )


def level_pitch(model: ShapeModel, pictures: Tensor) -> ShapeModel:
    """The same model with another zero of the pitch.

    The zero moves by `LEVEL_SHARE` of the difference between the scanned heads' zero and the mean
    pitch of the people in pictures (P, 74, 2). These differ because points are annotated at other
    places on a scan than in a picture; neither is exact.
    """
    seen = pictures[:, None, :LINEAR]
    pitch = solve(model, seen, torch.ones_like(seen[..., 0])).pose.angles_deg[..., 1].mean()
    turn = rotation(torch.stack((pitch * 0, LEVEL_SHARE * pitch, pitch * 0))).T
    return replace(
        model,
        mean=model.mean @ turn,
        identity=model.identity @ turn,
        expression=model.expression @ turn,
        eyeballs=torch.cat((model.eyeballs[:, :3] @ turn, model.eyeballs[:, 3:]), dim=1),
    )


def centre_gaze(model: ShapeModel, pictures: Tensor) -> ShapeModel:
    """The same model with eyeballs shifted until the median gaze of pictures meets the camera.

    pictures (P, 74, 2): portraits, in which most people look into the camera. The shift corrects
    the bias of the annotated corners of the eye.
    """
    seen = pictures[:, None, :LINEAR]
    found = solve(model, seen, torch.ones_like(seen[..., 0]))
    shape = model.shape(found.identity[:, None], found.expression)
    camera = found.pose.rotation[:, 0, None, 2]  # direction in the head's frame: (P, 1, 3)
    for _ in range(GAZE_ROUNDS):
        looks = gaze_direction(gaze(model, found.pose, shape, pictures[:, None, LINEAR:]))[:, 0]
        off = (looks - camera).median(dim=0).values * model.eyeballs[:, 3:]
        off = (off + off.flip(0) * off.new_tensor(FLIP)) / 2
        off[:, 2] = 0
        model = replace(model, eyeballs=model.eyeballs + torch.nn.functional.pad(off, (0, 1)))
    return model


def _support(config: ShapeConfig) -> Tensor:
    """1 where a mode may move a point: (K, 72, 1)."""
    support = torch.zeros(config.expression, LINEAR, 1)
    for part in Part:
        rows = torch.arange(config.expression)[config.part(part), None]
        support[rows, torch.tensor(SUPPORT[part])] = 1
    return support
