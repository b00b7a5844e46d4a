"""A linear model of the 74 landmarks in three dimensions: identity, expression, pose and gaze.

    symbol | name        | shape         | meaning
    m      | mean        | (72, 3)       | mean neutral face, points 0-71
    I      | identity    | (M, 72, 3)    | modes of identity; coefficient 1 is a standard deviation
    E      | expression  | (K, 72, 3)    | modes of right eye, left eye, brows and mouth, in turn
    R      | rotation    | (..., 3, 3)   | head to camera
    s, t   | scale, shift| (...), (..., 2) | pixels per unit at the head, pixels

    X = m + a·I + e·E        x = s · (R X)_xy / (1 − (R X)_z / d) + t

a, e: coefficients. The camera is a perspective camera at constant distance d, so that scale and
distance are not ambiguous. The pupils lie on eyeballs, which have a fixed place relative to the
corners of the eye; their direction is the gaze.

Convention  outer eye corners are about 1 apart, the origin midway between them; x right, y down,
            z towards the viewer. Angles in degrees: at yaw > 0 the nose points to image right,
            at pitch > 0 down, at roll > 0 the head is tilted clockwise; R = yaw · pitch · roll.
            Gaze is relative to the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import torch
from torch import Tensor

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.faces.points import PUPILS
from animate_cli.layers.weight_io import REINSTALL, read_config

LINEAR = PUPILS[0]  # number of points in the linear model; the pupils follow them
CORNERS = ((36, 39), (42, 45))  # of the right and left eye, image left to right


class Part(StrEnum):
    """A part of the face with expression modes of its own; no point belongs to two parts."""

    RIGHT_EYE = "right eye"
    LEFT_EYE = "left eye"
    BROWS = "brows"
    MOUTH = "mouth"


@dataclass(frozen=True, kw_only=True)
class ShapeConfig:
    """Dimensions of a shape model.

    identity, eye (each), brows, mouth: numbers of coefficients; distance: of the camera, in units
    (distance of the outer eye corners); noise: standard deviation of a landmark's error, in units.
    """

    identity: int = 16
    eye: int = 3
    brows: int = 5
    mouth: int = 14
    distance: float = 12.0
    noise: float = 0.01

    @property
    def expression(self) -> int:
        """K, the number of expression coefficients."""
        return 2 * self.eye + self.brows + self.mouth

    def part(self, part: Part) -> slice:
        """The slice of the expression coefficients of a part."""
        sizes = {
            Part.RIGHT_EYE: self.eye,
            Part.LEFT_EYE: self.eye,
            Part.BROWS: self.brows,
            Part.MOUTH: self.mouth,
        }
        start = 0
        for name, size in sizes.items():
            if name is part:
                break
            start += size
        return slice(start, start + sizes[part])


@dataclass(frozen=True, kw_only=True, eq=False)
class ShapeModel:
    """The model's tensors, of one dtype and device; shapes as in the module's table.

    eyeballs (2, 4): right and left: centre x, y, z relative to the midpoint of the eye's corners,
    and radius, in widths of that eye.
    """

    config: ShapeConfig
    mean: Tensor
    identity: Tensor
    expression: Tensor
    eyeballs: Tensor

    def to(self, like: Tensor) -> ShapeModel:
        """The same model on the device and in the dtype of a tensor."""
        return replace(
            self,
            mean=self.mean.to(like),
            identity=self.identity.to(like),
            expression=self.expression.to(like),
            eyeballs=self.eyeballs.to(like),
        )

    def shape(self, identity: Tensor, expression: Tensor) -> Tensor:
        """X (..., 72, 3) of coefficients: identity (..., M), expression (..., K), broadcast."""
        person = torch.tensordot(identity, self.identity, 1)
        shape: Tensor = self.mean + person + torch.tensordot(expression, self.expression, 1)
        return shape


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadPose:
    """Pose of a head: rotation R (..., 3, 3), scale s (...) and shift t (..., 2) in pixels."""

    rotation: Tensor
    scale: Tensor
    shift: Tensor

    @property
    def angles_deg(self) -> Tensor:
        """Yaw, pitch and roll in degrees: (..., 3)."""
        r = self.rotation
        yaw = torch.atan2(r[..., 0, 2], r[..., 2, 2])
        pitch = torch.asin(r[..., 1, 2].clamp(-1, 1))
        roll = torch.atan2(r[..., 1, 0], r[..., 1, 1])
        return torch.rad2deg(torch.stack((yaw, pitch, roll), dim=-1))


def rotation(angles_deg: Tensor) -> Tensor:
    """Rotation (..., 3, 3) of yaw, pitch and roll (..., 3); inverse of `HeadPose.angles_deg`."""
    (ca, cb, cc), (sa, sb, sc) = (
        f(torch.deg2rad(angles_deg)).unbind(-1) for f in (torch.cos, torch.sin)
    )
    zero, one = torch.zeros_like(ca), torch.ones_like(ca)
    yaw = _matrix(ca, zero, sa, zero, one, zero, -sa, zero, ca)
    pitch = _matrix(one, zero, zero, zero, cb, sb, zero, -sb, cb)
    roll = _matrix(cc, -sc, zero, sc, cc, zero, zero, zero, one)
    return yaw @ pitch @ roll


def project(
    model: ShapeModel, pose: HeadPose, identity: Tensor, expression: Tensor, gaze_deg: Tensor
) -> Tensor:
    """All 74 landmarks in pixels.

    identity (..., M), expression (..., K), gaze_deg (..., 2 eyes, yaw and pitch) -> (..., 74, 2)
    """
    shape = model.shape(identity, expression)
    return see(model, pose, torch.cat((shape, pupils(model, shape, gaze_deg)), dim=-2))


def see(model: ShapeModel, pose: HeadPose, points: Tensor) -> Tensor:
    """Project points (..., N, 3) in the head's frame to pixels (..., N, 2)."""
    turned = points @ pose.rotation.mT
    nearness = 1 / (1 - turned[..., 2:] / model.config.distance)
    return pose.scale[..., None, None] * nearness * turned[..., :2] + pose.shift[..., None, :]


def pupils(model: ShapeModel, shape: Tensor, gaze_deg: Tensor) -> Tensor:
    """Pupils (..., 2, 3) of a face (..., 72, 3) at a gaze (..., 2 eyes, yaw and pitch)."""
    centre, radius = eyeballs(model, shape)
    return centre + radius[..., None] * gaze_direction(gaze_deg)


def gaze_direction(gaze_deg: Tensor) -> Tensor:
    """Unit vectors (..., 3) in the head's frame of yaw and pitch (..., 2)."""
    zeros = torch.zeros_like(gaze_deg[..., :1])
    return rotation(torch.cat((gaze_deg, zeros), dim=-1))[..., 2]


def eyeballs(model: ShapeModel, shape: Tensor) -> tuple[Tensor, Tensor]:
    """Eyeballs of a face (..., 72, 3): centres (..., 2, 3) and radii (..., 2)."""
    first, second = (shape[..., [pair[side] for pair in CORNERS], :] for side in (0, 1))
    width = (second - first).norm(dim=-1)
    middle = (first + second) / 2
    return middle + width[..., None] * model.eyeballs[:, :3], width * model.eyeballs[:, 3]


def load_shape_model(*, weights: str = "shape") -> ShapeModel:
    """The shape model of a registered weight, in single precision on the CPU.

    Raises:
        WeightsError: the weight is missing, damaged, or not a shape model's.
    """
    metadata, tensors = hub.load(weights)
    return from_tensors(metadata, tensors, where=f"weights {weights!r}")


def from_tensors(
    metadata: Mapping[str, str], tensors: Mapping[str, Tensor], *, where: str
) -> ShapeModel:
    """The shape model of a weight file's contents; where: names it in errors.

    Raises:
        WeightsError: a tensor is missing, unexpected, or of another shape than the config's.
    """
    config = read_config(ShapeConfig, metadata, where=where)
    wanted = {
        "mean": (LINEAR, 3),
        "identity": (config.identity, LINEAR, 3),
        "expression": (config.expression, LINEAR, 3),
        "eyeballs": (len(CORNERS), 4),
    }
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if found != wanted:
        raise WeightsError(f"{where}: holds {found}, not {wanted}", hint=REINSTALL)
    single = {name: tensor.float() for name, tensor in tensors.items()}
    return ShapeModel(
        config=config,
        mean=single["mean"],
        identity=single["identity"],
        expression=single["expression"],
        eyeballs=single["eyeballs"],
    )


def _matrix(*entries: Tensor) -> Tensor:
    """Nine entries (...) row by row -> (..., 3, 3)."""
    return torch.stack(entries, dim=-1).reshape(*entries[0].shape, 3, 3)
