"""Transfer the head pose of the driver to the source, in part or in full.

             rotation                scale              shift
    relative Q (R_d R_aᵀ)ʷ Qᵀ R_s    s_s (s_d / s_a)ʷ   t_s + w (s_s / s_a) (t_d − t_a)
    absolute (R_d R_sᵀ)ʷ R_s         s_s (s_d / s_s)ʷ   t_s + w (t_d − t_s)

s, a, d: source, anchor, driver; w: amount, 0 to 1; Q: rotation about the optical axis from the
anchor's roll to the source's, so that a nod of the driver is a nod for a source that lies on its
side. R to the power w has w times the angle about the same axis. Rotations are in camera axes: the
driver's rotation in the picture plane is transferred exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.faces.shape3d.model import HeadPose

_TINY = 1e-12


def relative_turn(source: HeadPose, anchor: HeadPose, driver: HeadPose) -> Tensor:
    """Q (R_d R_aᵀ) Qᵀ of the table: source and anchor of 1 frame, driver of B -> (B, 3, 3)."""
    across = _roll_of(source.rotation @ anchor.rotation.mT)
    return across @ driver.rotation @ anchor.rotation.mT @ across.mT


def relative_pose(
    source: HeadPose, anchor: HeadPose, driver: HeadPose, turn: Tensor, share: float
) -> HeadPose:
    """The pose in relative motion, by a rotation `turn` (B, 3, 3); share: w of scale and shift."""
    size = (source.scale / anchor.scale)[..., None]
    return HeadPose(
        rotation=turn @ source.rotation,
        scale=source.scale * (driver.scale / anchor.scale) ** share,
        shift=source.shift + share * size * (driver.shift - anchor.shift),
    )


def absolute_pose(source: HeadPose, driver: HeadPose, share: float) -> HeadPose:
    """The pose in absolute motion: the source's at share 0, the driver's at share 1."""
    turn = driver.rotation @ source.rotation.mT
    return HeadPose(
        rotation=power(turn, turn.new_tensor(share)) @ source.rotation,
        scale=source.scale * (driver.scale / source.scale) ** share,
        shift=source.shift + share * (driver.shift - source.shift),
    )


def power(rotation: Tensor, exponent: Tensor) -> Tensor:
    """Rotations (B, 3, 3) with `exponent` () or (B,) times the angle about the same axis.

    Angles must be below 180 degrees.

    Rodrigues' formula: Rʷ = 1 + sin wθ K + (1 − cos wθ) K², sin θ K = (R − Rᵀ) / 2.
    """
    skew = (rotation - rotation.mT) / 2
    sine = (skew.square().sum(dim=(-2, -1)) / 2).sqrt()
    cosine = (rotation.diagonal(dim1=-2, dim2=-1).sum(dim=-1) - 1) / 2
    angle = torch.atan2(sine, cosine)
    first = torch.where(sine < _TINY, exponent, torch.sin(exponent * angle) / sine.clamp_min(_TINY))
    second = 2 * (torch.sin(exponent * angle / 2) / sine.clamp_min(_TINY)).square()
    one = torch.eye(3, dtype=rotation.dtype, device=rotation.device)
    return one + first[..., None, None] * skew + second[..., None, None] * (skew @ skew)


def _roll_of(rotation: Tensor) -> Tensor:
    """The rotation about the optical axis nearest to a rotation (B, 3, 3)."""
    along = rotation[..., 0, 0] + rotation[..., 1, 1]
    aside = rotation[..., 1, 0] - rotation[..., 0, 1]
    length = torch.hypot(along, aside).clamp_min(_TINY)
    cosine, sine = along / length, aside / length
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    entries = (cosine, -sine, zero, sine, cosine, zero, zero, zero, one)
    return torch.stack(entries, dim=-1).reshape(*cosine.shape, 3, 3)
