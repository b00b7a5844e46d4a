"""LivePortrait's motion: implicit key points in space, and the code that holds them.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*, eqs. 2 and 3, and section 3.4's inference with relative motion.

    symbol | name         | shape      | equation
    x_c    | canonical    | (B, 21, 3) | the face's own frame, upright, corner-normalised
    R      | rotation     | (B, 3, 3)  | applied from the right: x_c R
    δ      | expression   | (B, 21, 3) | added in the rotated frame
    s, t   | scale, place | (B, 1), (B, 2) | x right, y down; corner-normalised
    x      | points       | (B, 21, 3) | eq. 2: x = s (x_c R + δ) + t, `FaceMotion.points`
    c      | openness     | (B, 3)     | gap over width of the two eyes and the lips

A `FaceCode` is all of this for B frames. Packed into numbers it is (B, 135), with the pose in
degrees, so that a mean of two codes is a face between two faces.

Departures from the paper: none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.models.liveportrait.motion_extractor import POINTS, RawMotion, to_degrees

_SIZES = [3 * POINTS, 3, 3 * POINTS, 1, 2, 3]


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceMotion:
    """The motion: rotation (B, 3, 3), expression (B, 21, 3), scale (B, 1), place (B, 2)."""

    rotation: Tensor
    expression: Tensor
    scale: Tensor
    place: Tensor

    def points(self, canonical: Tensor) -> Tensor:
        """Eq. 2: x = s (x_c R + δ) + t; canonical (1 or B, 21, 3) -> (B, 21, 3)."""
        turned = canonical @ self.rotation + self.expression
        return self.scale[..., None] * turned + F.pad(self.place, (0, 1))[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceCode:
    """canonical, expression (B, 21, 3); pose_deg (B, 3): pitch, yaw, roll; scale (B, 1);
    place (B, 2); openness (B, 3): right eye, left eye, lips."""

    canonical: Tensor
    pose_deg: Tensor
    expression: Tensor
    scale: Tensor
    place: Tensor
    openness: Tensor

    @classmethod
    def read(cls, raw: RawMotion, openness: Tensor) -> FaceCode:
        """The motion extractor's outputs, and the openness of eyes and lips (B, 3)."""
        angles = [to_degrees(bins) for bins in (raw.pitch, raw.yaw, raw.roll)]
        return cls(
            canonical=raw.kp.view(-1, POINTS, 3),
            pose_deg=torch.stack(angles, dim=1),
            expression=raw.exp.view(-1, POINTS, 3),
            scale=raw.scale,
            place=raw.t[:, :2],
            openness=openness,
        )

    @classmethod
    def unpack(cls, numbers: Tensor) -> FaceCode:
        """The inverse of `pack`."""
        fields_ = torch.split(numbers, _SIZES, dim=1)
        canonical, pose_deg, expression, scale, place, openness = fields_
        return cls(
            canonical=canonical.view(-1, POINTS, 3),
            pose_deg=pose_deg,
            expression=expression.view(-1, POINTS, 3),
            scale=scale,
            place=place,
            openness=openness,
        )

    def pack(self) -> Tensor:
        """All fields, flattened: (B, 135)."""
        return torch.cat([getattr(self, one.name).flatten(1) for one in fields(self)], dim=1)

    def reframed(self, ratio: Tensor, shift: Tensor) -> FaceCode:
        """The code of another square of the frames, whose u' = ratio (B, 1) u + shift (B, 2)."""
        return replace(self, scale=ratio * self.scale, place=ratio * self.place + shift)

    @property
    def motion(self) -> FaceMotion:
        """The motion, with the pose as rotations."""
        return FaceMotion(
            rotation=rotation(self.pose_deg),
            expression=self.expression,
            scale=self.scale,
            place=self.place,
        )


def rotation(pose_deg: Tensor) -> Tensor:
    """Pitch, yaw, roll (B, 3) in degrees -> (B, 3, 3), applied from the right.

    The transpose of Rz(roll) Ry(yaw) Rx(pitch).
    """
    c, s = torch.cos(torch.deg2rad(pose_deg)), torch.sin(torch.deg2rad(pose_deg))
    (cx, cy, cz), (sx, sy, sz) = c.unbind(1), s.unbind(1)
    rows = (
        (cy * cz, cy * sz, -sy),
        (sx * sy * cz - cx * sz, sx * sy * sz + cx * cz, sx * cy),
        (cx * sy * cz + sx * sz, cx * sy * sz - sx * cz, cx * cy),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)
