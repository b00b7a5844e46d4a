"""What a rigid head does to the pixels it carries: cues that say where hair and ears may go.

One affine camera per face is fitted to landmarks that no expression moves
(`faces.shape3d.rigid_head`):

    symbol | name     | shape        | here
    X      | points   | (R, 3)       | `HeadConfig`: the landmarks on a neutral head
    C      | camera   | (B, 2, 4)    | x = A (X, Y) + c Z + t, C = (A, c, t)
    u      | places   | (B, 2, s, s) | A⁻¹ (x - t): a pixel in the head's own frame, at depth 0
    f      | flow     | (B, 2, s, s) | M x + t_s - M t_d + Z p - x, with M = A_s A_d⁻¹; bounded
    p      | parallax | (B, 2)       | c_s - M c_d: what a unit of depth adds

Whatever depth a pixel has, a rigid head moves it by f and a multiple of p.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from animate_cli.layers.grid import identity_grid

FARTHEST = 3.0
"""Places beyond so many eye distances are all alike."""
MOST_FLOW = 0.4
"""Far from the head a rigid one would sweep across the square; nothing real goes so far."""
_LEAST_AREA = 0.05  # of a profile, whose A cannot be inverted


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """Landmarks that no expression moves, where they are on a head, and at which depth its outline
    lies: units and axes of `faces.shape3d.rigid_head`."""

    landmarks: tuple[int, ...]
    points: tuple[tuple[float, float, float], ...]
    depth: float


class Carried(NamedTuple):
    """What a head's outline does (B, 2, s, s), and what a unit of depth adds (B, 2)."""

    flow: Tensor
    parallax: Tensor


class Head(nn.Module):
    """Landmarks to cameras, cameras to places and flow. It has nothing to learn."""

    fit: Tensor

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        points = torch.tensor(config.points)
        ones = torch.ones(len(points), 1)
        fit = torch.linalg.pinv(torch.cat((points, ones), dim=1))
        self.register_buffer("fit", fit, persistent=False)
        self._landmarks, self._depth = list(config.landmarks), config.depth

    def camera(self, landmarks: Tensor) -> Tensor:
        """Landmarks (B, K, 2) normalised -> C (B, 2, 4)."""
        return (self.fit @ landmarks[:, self._landmarks]).transpose(1, 2)

    def places(self, camera: Tensor, size: int) -> Tensor:
        """Every pixel in the head's frame: C (B, 2, 4) -> (B, 2, s, s), within `FARTHEST`."""
        at = self._pixels(camera, size) - camera[:, None, :, 3]  # (B, s², 2)
        places = at @ _inverse(camera[:, :, :2]).transpose(1, 2)
        return _as_map(places.clamp(-FARTHEST, FARTHEST), size)

    def carried(self, source: Tensor, driver: Tensor, size: int) -> Carried:
        """Cameras of source and output, (B, 2, 4) each; backward, normalised."""
        turn = source[:, :, :2] @ _inverse(driver[:, :, :2])  # M
        parallax = source[:, :, 2] - (turn @ driver[:, :, 2:3])[..., 0]
        shift = source[:, :, 3] - (turn @ driver[:, :, 3:])[..., 0] + self._depth * parallax
        at = self._pixels(driver, size)
        flow = at @ turn.transpose(1, 2) + shift[:, None] - at
        flow = flow.clamp(-MOST_FLOW, MOST_FLOW)
        return Carried(flow=_as_map(flow, size), parallax=parallax)

    def _pixels(self, like: Tensor, size: int) -> Tensor:
        """(1, s², 2)."""
        return identity_grid(size, size, device=like.device, dtype=like.dtype).flatten(1, 2)


def _as_map(vectors: Tensor, size: int) -> Tensor:
    """(B, s², 2) -> (B, 2, s, s)."""
    return vectors.transpose(1, 2).reshape(len(vectors), 2, size, size)


def _inverse(matrix: Tensor) -> Tensor:
    """(B, 2, 2) inverted, as if never flatter than `_LEAST_AREA`."""
    (a, b), (c, d) = (row.unbind(dim=-1) for row in matrix.unbind(dim=-2))
    least = _LEAST_AREA * matrix.square().sum(dim=(-1, -2)) / 2
    area = a * d - b * c
    area = torch.where(area.abs() < least, torch.where(area < 0, -least, least), area)
    return (torch.stack((d, -b, -c, a), dim=-1) / area[:, None]).view(-1, 2, 2)
