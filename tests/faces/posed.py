"""Faces whose pose, identity, expression and gaze are known, made by the shape model itself."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli.faces.shape3d.model import HeadPose, ShapeModel, project, rotation


@dataclass(frozen=True, kw_only=True, eq=False)
class Posed:
    """One person in T frames: parameters of the shape model and the points (T, 74, 2)."""

    angles_deg: Tensor
    pose: HeadPose
    identity: Tensor
    expression: Tensor
    gaze_deg: Tensor
    points: Tensor

    @property
    def sure(self) -> Tensor:
        return torch.ones(self.points.shape[:2])


def posed(model: ShapeModel, *, frames: int, seed: int = 0, coefficients: float = 1.0) -> Posed:
    """A random person in random poses; coefficients: standard deviation of the modes."""
    random = torch.Generator().manual_seed(seed)
    angles = (torch.rand(frames, 3, generator=random) * 2 - 1) * torch.tensor((40.0, 25.0, 30.0))
    pose = HeadPose(
        rotation=rotation(angles),
        scale=80 + 60 * torch.rand(frames, generator=random),
        shift=200 + 50 * torch.randn(frames, 2, generator=random),
    )
    identity = coefficients * torch.randn(model.config.identity, generator=random)
    expression = coefficients * torch.randn(frames, model.config.expression, generator=random)
    gaze_deg = (torch.rand(frames, 2, 2, generator=random) * 2 - 1) * 15
    return Posed(
        angles_deg=angles,
        pose=pose,
        identity=identity,
        expression=expression,
        gaze_deg=gaze_deg,
        points=project(model, pose, identity, expression, gaze_deg),
    )
