"""Landmarks of a picture in the frame of their own head: what it does, apart from how it stands.

The shape model gives a face its pose and each point its depth; the point itself stays where it was
seen. So nothing is lost that 16 identity and 25 expression modes cannot say (the fine shape of
lips, one brow alone), and `see(pose, lift(...))` gives the picture's points back.

    Z = (R X̂)_z        X = Rᵀ ((x − t) (1 − Z / d) / s, Z)

x: a seen point; X̂: the fitted model's; R, s, t, d: as in `shape`. What the model leaves over is
thereby put into the head frame along the picture plane, where it is shortest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from animate_cli.faces.shape3d.fit import MOST_FRAMES, solve
from animate_cli.faces.shape3d.model import LINEAR, HeadPose, ShapeModel, eyeballs

ROUNDS = 3  # of the fit of a known person: 0.05 degrees from convergence in the mean


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftedFaces:
    """B faces.

    points (B, 74, 3): in the head's frame, units as in `shape`, double precision, as the pose;
    identity (B, M), expression (B, K): coefficients, as fitted.
    """

    pose: HeadPose
    points: Tensor
    identity: Tensor
    expression: Tensor

    def __getitem__(self, part: slice) -> LiftedFaces:
        """Some of the faces."""
        pose = self.pose
        return LiftedFaces(
            pose=HeadPose(
                rotation=pose.rotation[part], scale=pose.scale[part], shift=pose.shift[part]
            ),
            points=self.points[part],
            identity=self.identity[part],
            expression=self.expression[part],
        )


def identify(model: ShapeModel, points: Tensor) -> Tensor:
    """Who each of B faces is, by one picture (B, 74, 2), in pixels: identities (B, M)."""
    seen = points[:, None, :LINEAR].to(model.mean)
    return solve(model, seen, torch.ones_like(seen[..., 0])).identity


def lift(model: ShapeModel, points: Tensor, identity: Tensor) -> LiftedFaces:
    """B faces (B, 74, 2), in pixels, of people who are known (B, M).

    Each by itself, whatever else is in the batch.
    """
    parts = zip(torch.split(points, MOST_FRAMES), torch.split(identity, MOST_FRAMES), strict=True)
    lifted = [_lift_part(model, *part) for part in parts]
    return LiftedFaces(
        pose=HeadPose(
            rotation=torch.cat([one.pose.rotation for one in lifted]),
            scale=torch.cat([one.pose.scale for one in lifted]),
            shift=torch.cat([one.pose.shift for one in lifted]),
        ),
        points=torch.cat([one.points for one in lifted]),
        identity=identity,
        expression=torch.cat([one.expression for one in lifted]),
    )


def _lift_part(model: ShapeModel, points: Tensor, identity: Tensor) -> LiftedFaces:
    resting = model.shape(identity, torch.zeros_like(model.expression[:, 0, 0]))
    people = replace(model, mean=resting, identity=model.identity[:0])
    seen = points[None, :, :LINEAR].to(model.mean)
    found = solve(people, seen, torch.ones_like(seen[..., 0]), rounds=ROUNDS)
    pose = HeadPose(
        rotation=found.pose.rotation[0].double(),
        scale=found.pose.scale[0].double(),
        shift=found.pose.shift[0].double(),
    )
    shape = model.shape(identity, found.expression[0])  # (B, 72, 3)
    centre, radius = eyeballs(model, shape)
    ahead = centre + radius[..., None] * centre.new_tensor((0, 0, 1))
    depth = (torch.cat((shape, ahead), dim=1).double() @ pose.rotation.mT)[..., 2:]
    flat = (points.double() - pose.shift[:, None]) / pose.scale[:, None, None]
    turned = torch.cat((flat * (1 - depth / model.config.distance), depth), dim=-1)
    return LiftedFaces(
        pose=pose,
        points=turned @ pose.rotation,
        identity=identity,
        expression=found.expression[0],
    )
