"""The warping module: the face's volume of features, moved by key points.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*, section 3.2, after Wang et al. 2021 (face-vid2vid), section 3.2.

    symbol | name        | shape                     | equation
    f_s    | volume      | (1, 32, 16, h, w)         | the source's features
    x_s,x_d| source, driver | (1 or B, 21, 3)        | key points, eq. 2, corner-normalised
    w_k    | grids       | (B, 22, 16, h, w, 3)      | z − x_d + x_s, after the background's z
    m_k    | mask        | (B, 22, 16, h, w)         | a softmax over key points
    w      | deformation | (B, 16, h, w, 3)          | Σ m_k w_k, backward, corner-normalised
    o      | occlusion   | (B, 1, h, w)              | 1 where the source shows the output's pixel
    f_w    | out         | (B, 256, h, w)            | o ⊙ conv(W(f_s, w)), the generator's input

Departures from the paper: none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.fomm_blocks import FommHourglass, SameBlock, Space
from animate_cli.layers.grid import corner_grid, sample
from animate_cli.models.liveportrait.appearance_extractor import CHANNELS, DEPTH
from animate_cli.models.liveportrait.motion_extractor import POINTS

_VARIANCE = 0.01  # of the Gaussian about each key point
_COMPRESSED = 4  # channels in which the network sees the moved volume
_WIDTH = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Warped:
    """out (B, 256, h, w), deformation (B, 16, h, w, 3), occlusion (B, 1, h, w); volume: warped,
    (B, 32, 16, h, w)."""

    out: Tensor
    deformation: Tensor
    occlusion: Tensor
    volume: Tensor


class VolumeDenseMotion(nn.Module):
    """Points of source and driver -> deformation and occlusion."""

    def __init__(self) -> None:
        super().__init__()
        grids = POINTS + 1
        self.hourglass = FommHourglass(grids * (_COMPRESSED + 1), 32, Space.VOLUME)
        self.mask = nn.Conv3d(self.hourglass.features, grids, 7, padding=3)
        self.compress = nn.Conv3d(CHANNELS, _COMPRESSED, 1)
        self.norm = nn.BatchNorm3d(_COMPRESSED)
        self.occlusion = nn.Conv2d(self.hourglass.features * DEPTH, 1, 7, padding=3)

    def forward(self, volume: Tensor, source: Tensor, driver: Tensor) -> tuple[Tensor, Tensor]:
        """volume (1 or B, 32, 16, h, w), points (1 or B, 21, 3) and (B, 21, 3)."""
        size = volume.shape[2:]
        grids = sparse_grids(source, driver, size)  # (B, 22, 16, h, w, 3)
        batch, count = grids.shape[:2]
        seen = F.relu(self.norm(self.compress(volume)))[:, None]
        seen = seen.expand(batch, count, -1, -1, -1, -1).flatten(0, 1)
        moved = sample(seen, grids.flatten(0, 1)).view(batch, count, -1, *size)
        heat = heatmaps(source, driver, size)[:, :, None]
        features = self.hourglass(torch.cat((heat, moved), dim=2).flatten(1, 2))
        mask = torch.softmax(self.mask(features), dim=1)
        deformation = (mask[..., None] * grids).sum(dim=1)  # never in half precision
        return deformation, torch.sigmoid(self.occlusion(features.flatten(1, 2)))


def sparse_grids(source: Tensor, driver: Tensor, size: torch.Size) -> Tensor:
    """z - x_d + x_s for every point, after the background's z: -> (B, 22, D, H, W, 3)."""
    z = corner_grid(*size, device=driver.device).to(driver.dtype)[:, None]
    shift = (source - driver)[:, :, None, None, None]  # (B, 21, 1, 1, 1, 3)
    return torch.cat((z.expand(len(driver), -1, -1, -1, -1, -1), z + shift), dim=1)


def heatmaps(source: Tensor, driver: Tensor, size: torch.Size) -> Tensor:
    """A Gaussian about each driver point less the one about its source point; background 0.

    -> (B, 22, D, H, W)
    """
    return F.pad(_bells(driver, size) - _bells(source, size), (0, 0, 0, 0, 0, 0, 1, 0))


def _bells(points: Tensor, size: torch.Size) -> Tensor:
    """exp(-|z - x|^2 / 2σ^2), a product of three axes: (B, 21, 3) -> (B, 21, D, H, W)."""
    along = []
    for axis, extent in zip((2, 1, 0), size, strict=True):
        z = torch.linspace(-1, 1, extent, device=points.device, dtype=points.dtype)
        along.append(torch.exp(-0.5 / _VARIANCE * (z - points[..., axis, None]).square()))
    return torch.einsum("bkd,bkh,bkw->bkdhw", *along)


class WarpingModule(nn.Module):
    """Warps the volume and flattens its depth for the generator."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = VolumeDenseMotion()
        self.third = SameBlock(CHANNELS * DEPTH, _WIDTH, 3, slope=0.01)
        self.fourth = nn.Conv2d(_WIDTH, _WIDTH, 1)

    def forward(self, volume: Tensor, source: Tensor, driver: Tensor) -> Warped:
        """volume (1 or B, 32, 16, h, w), points (1 or B, 21, 3) and (B, 21, 3)."""
        deformation, occlusion = self.dense_motion_network(volume, source, driver)
        moved = sample(volume.expand(len(deformation), -1, -1, -1, -1), deformation)
        out = self.fourth(self.third(moved.flatten(1, 2))) * occlusion
        return Warped(out=out, deformation=deformation, occlusion=occlusion, volume=moved)


def flat_flow(warped: Warped) -> Tensor:
    """The deformation of space as displacements in the plane: (B, h, w, 2), normalised.

    Each depth has a displacement of its own. Their mean is weighted by the strength of the features
    at each depth, because strong features dominate the picture.
    """
    strength = warped.volume.float().square().mean(dim=1)  # (B, 16, h, w)
    share = strength / strength.sum(dim=1, keepdim=True).clamp_min(1e-12)
    still = corner_grid(*strength.shape[1:], device=strength.device)
    flow = (warped.deformation.float() - still)[..., :2]
    return (share[..., None] * flow).sum(dim=1)
