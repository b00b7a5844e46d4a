"""LivePortrait's motion: implicit key points in space, and how the driver's becomes the source's.

Guo et al. 2024, *LivePortrait*, eqs. 2 and 3, and section 3.4's inference with relative motion.

    symbol | name         | shape      | frame of reference
    x_c    | canonical    | (B, 21, 3) | the face's own, upright, corner-normalised
    R      | rotation     | (B, 3, 3)  | applied from the right: x_c R
    δ      | expression   | (B, 21, 3) | added in the rotated frame
    s, t   | scale, place | (B, 1), (B, 2) | x right, y down; corner-normalised
    x      | points       | (B, 21, 3) | `Pose.points`, eq. 2: x = s (x_c R + δ) + t
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.liveportrait_motion import POINTS, Heads, to_degrees


@dataclass(frozen=True, kw_only=True, eq=False)
class Motion:
    """What moves: rotation (B, 3, 3), expression (B, 21, 3), scale (B, 1), place (B, 2)."""

    rotation: Tensor
    expression: Tensor
    scale: Tensor
    place: Tensor

    def points(self, canonical: Tensor) -> Tensor:
        """Eq. 2: x = s (x_c R + δ) + t; canonical (1 or B, 21, 3) -> (B, 21, 3)."""
        turned = canonical @ self.rotation + self.expression
        return self.scale[..., None] * turned + F.pad(self.place, (0, 1))[:, None]


def motion_of(heads: Heads) -> Motion:
    """The heads' answers, read."""
    angles = torch.stack([to_degrees(bins) for bins in (heads.pitch, heads.yaw, heads.roll)], 1)
    return Motion(
        rotation=rotation(angles),
        expression=heads.exp.view(-1, POINTS, 3),
        scale=heads.scale,
        place=heads.t[:, :2],
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
