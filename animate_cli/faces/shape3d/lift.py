"""Lift landmarks of a picture to three dimensions, in the frame of their head.

The fitted shape model gives the pose of the head and the depth of each point; the place in the
picture stays that of the landmark. So details that the model's 16 identity and 25 expression modes
cannot represent (fine shape of the lips, one brow alone) are kept, and `see(pose, lift(...))` gives
the picture's landmarks back.

    Z = (R X̂)_z        X = Rᵀ ((x − t) (1 − Z / d) / s, Z)

x: a landmark; X̂: the fitted model's point; X: the lifted point; R, s, t, d: as in
`faces.shape3d.model`. X differs from X̂ in the picture plane only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from animate_cli.faces.shape3d.fit import BLOCK, solve
from animate_cli.faces.shape3d.model import LINEAR, HeadPose, ShapeModel, eyeballs

ROUNDS = 3  # of the fit; its pose is within 0.05 degrees of convergence on average


@dataclass(frozen=True, kw_only=True, eq=False)
class LiftedFaces:
    """B lifted faces.

    pose: of each, in double precision; points (B, 74, 3): in the head's frame, units as in
    `faces.shape3d.model`, double precision; identity (B, M), expression (B, K): coefficients.
    """

    pose: HeadPose
    points: Tensor
    identity: Tensor
    expression: Tensor

    def __getitem__(self, block: slice) -> LiftedFaces:
        """Some of the faces."""
        pose = self.pose
        return LiftedFaces(
            pose=HeadPose(
                rotation=pose.rotation[block], scale=pose.scale[block], shift=pose.shift[block]
            ),
            points=self.points[block],
            identity=self.identity[block],
            expression=self.expression[block],
        )


def identify(model: ShapeModel, points: Tensor) -> Tensor:
    """Identity coefficients (B, M) of B faces, from one picture each: (B, 74, 2) in pixels."""
    observed = points[:, None, :LINEAR].to(model.mean)
    return solve(model, observed, torch.ones_like(observed[..., 0])).identity


def lift(model: ShapeModel, points: Tensor, identity: Tensor) -> LiftedFaces:
    """Lift B faces (B, 74, 2), in pixels, of known identities (B, M).

    Faces do not influence each other.
    """
    blocks = zip(torch.split(points, BLOCK), torch.split(identity, BLOCK), strict=True)
    lifted = [_lift_block(model, *block) for block in blocks]
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


def _lift_block(model: ShapeModel, points: Tensor, identity: Tensor) -> LiftedFaces:
    neutral = model.shape(identity, torch.zeros_like(model.expression[:, 0, 0]))
    person_models = replace(model, mean=neutral, identity=model.identity[:0])
    observed = points[None, :, :LINEAR].to(model.mean)
    found = solve(person_models, observed, torch.ones_like(observed[..., 0]), rounds=ROUNDS)
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
