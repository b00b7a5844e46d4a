"""A rigid three-dimensional head: it places skull, neck and shoulders, which have no landmarks.

The outline of the head lies deeper than the face, so that a rotation moves it less than the nose,
and a shift as much. An affine camera is fitted per frame to the rigid landmarks, and projects the
other points of the head:

    x = C [X, Y, Z, 1]ᵀ        C = x P⁺, linear in the landmarks

P⁺ is the pseudo-inverse of the homogeneous 3-D places of the rigid landmarks.

Units: outer eye corners are 1 apart, the origin midway between them, x right, y down, z towards
the viewer. Places of landmarks are those of the neutral head of the ICT Face Model Light (MIT
licence), rounded; the outline is its skull with some hair. Only differences of cameras are used, so
that the error for heads of other proportions largely cancels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from animate_cli.faces.points import RIGID

Place = tuple[float, float, float]

RIGID_XYZ = (
    *((-0.83, -0.03, -0.55), (-0.82, 0.22, -0.52), (-0.78, 0.44, -0.46)),
    *((0.78, 0.44, -0.46), (0.82, 0.22, -0.52), (0.83, -0.03, -0.55)),
    *((0.0, -0.03, 0.24), (0.0, 0.09, 0.33), (0.0, 0.20, 0.41), (0.0, 0.34, 0.50)),
    (0.0, 0.52, 0.33),
    *((-0.5, 0.0, 0.0), (-0.21, 0.02, 0.07), (0.21, 0.02, 0.07), (0.5, 0.0, 0.0)),
)

OUTLINE_DEPTH = -0.7
"""z of skull and neck, in units."""
_HALF_WIDTH, _HALF_HEIGHT, _MIDDLE = 1.0, 1.2, -0.12


def _ring(scale: float, degrees: range) -> tuple[Place, ...]:
    """Points of an ellipse about the head, clockwise from above; scale 1 is the outline of hair."""
    return tuple(
        (
            scale * _HALF_WIDTH * math.sin(math.radians(angle)),
            _MIDDLE - scale * _HALF_HEIGHT * math.cos(math.radians(angle)),
            OUTLINE_DEPTH,
        )
        for angle in degrees
    )


_SKULL = _ring(1.0, range(-120, 121, 20))
_BESIDE = _ring(1.35, range(-140, 141, 20))
_NECK = tuple((x, y, OUTLINE_DEPTH) for y in (1.55, 2.0) for x in (-0.6, 0.0, 0.6))

SKULL_POINTS = len(_SKULL)
"""Number of outline points on the head itself; they come first."""
OUTLINE_XYZ = (*_SKULL, *_NECK, *_BESIDE)
NECK = slice(SKULL_POINTS, SKULL_POINTS + len(_NECK))
"""The outline points of the neck."""
OUTLINE_FOLLOWS = (1.0,) * len(_SKULL) + (0.6,) * 3 + (0.25,) * 3 + (1.0,) * len(_BESIDE)
"""Each outline point's share of the head's motion; that of the neck falls towards the shoulders."""
OUTLINE_RESTS = (0.0,) * (len(_SKULL) + len(_NECK)) + (0.25,) * len(_BESIDE)
"""Motion that each outline point ignores, in units: points beside the head move late."""

_SIDES = (0.95, 1.35, 1.75)
_SHOULDERS = tuple(
    (side * x, y, OUTLINE_DEPTH) for y in (1.75, 2.05) for x in _SIDES for side in (-1, 1)
)
_HAIR = tuple((x, y, 0.0) for y in (-0.55, -0.9) for x in (-0.6, -0.2, 0.2, 0.6))

BODY_XYZ = (*_NECK, *_SHOULDERS, *_HAIR)
"""Points of neck, shoulders, forehead and hair that also move by themselves, see
`faces.tracking.body_motion`."""
BODY_FOLLOWS = OUTLINE_FOLLOWS[NECK] + (0.1,) * len(_SHOULDERS) + (1.0,) * len(_HAIR)


def camera_fit(device: torch.device | str) -> Tensor:
    """P⁺ (4, R) for R rigid landmarks."""
    inverse: Tensor = torch.linalg.pinv(_homogeneous(torch.tensor(RIGID_XYZ)))
    return inverse.to(device)


def cameras(landmarks: Tensor, fit: Tensor) -> Tensor:
    """The affine camera C of each face: landmarks (B, 74, 2), P⁺ (4, R) -> (B, 2, 4)."""
    camera: Tensor = fit @ landmarks[:, list(RIGID)]
    return camera.transpose(1, 2)


def scale(camera: Tensor) -> Tensor:
    """Pixels per unit of cameras (B, 2, 4): (B, 1, 1). Rotation does not change it."""
    return (camera[..., :3].square().sum(dim=(1, 2), keepdim=True) / 2).sqrt()


def outline(camera: Tensor, points: Sequence[Place] = OUTLINE_XYZ) -> Tensor:
    """N points of the head projected by cameras (B, 2, 4): (B, N, 2) pixels."""
    places = torch.tensor(points, device=camera.device, dtype=camera.dtype)
    return _homogeneous(places) @ camera.transpose(1, 2)


def _homogeneous(points: Tensor) -> Tensor:
    """Append 1: (N, 3) -> (N, 4)."""
    return torch.cat((points, points.new_ones(len(points), 1)), dim=1)
