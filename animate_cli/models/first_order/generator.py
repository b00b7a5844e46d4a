"""The generator of the first-order model: key points of source and driver -> the animated picture.

Siarohin et al. 2019, *First Order Motion Model for Image Animation*, sections 3.1 and 3.2: a dense
motion network, and a generator that warps features and paints what was occluded.

    symbol  | name        | shape            | equation
    S       | source      | (B, 3, S, S)     | RGB in [0, 1]
    p_k     | value       | (B, 10, 2)       | key points of source and driver, corner-normalised
    J_k     | jacobian    | (B, 10, 2, 2)    | at each key point; J_S J_D^-1 is eq. 5
    T_S<-D  | grids       | (B, 11, h, w, 2) | eq. 4, `sparse_grids`; the first is the background's
    H_k     | heat        | (B, 11, h, w)    | eq. 6, `heatmaps`
    M_k     | mask        | (B, 11, h, w)    | eq. 7: a softmax over key points
    T^      | deformation | (B, h, w, 2)     | eq. 7: Σ M_k T_k, backward, corner-normalised
    O^      | occlusion   | (B, 1, h, w)     | eq. 8: 1 where the source shows the output's pixel
    ξ       | features    | (B, 256, h, w)   | eq. 8: `Generator.encode`, once per portrait

h = w = S / 4.

Departures from the paper: none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.fomm_blocks import (
    DownBlock,
    FommHourglass,
    ResBlock,
    SameBlock,
    UpBlock,
)
from animate_cli.layers.grid import corner_grid, sample
from animate_cli.models.first_order.keypoint_detector import POINTS, KeyPoints, Shrink

_VARIANCE = 0.01  # of the Gaussian about each key point
_WIDTH = 64
_RESIDUALS = 6


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceFeatures:
    """All that depends on the portrait alone: features (1, 256, h, w), small (1, 3, h, w)."""

    features: Tensor
    small: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class DenseMotion:
    """mask (B, 11, h, w), sparse_deformed (B, 11, 3, h, w), deformation (B, h, w, 2),
    occlusion (B, 1, h, w)."""

    mask: Tensor
    sparse_deformed: Tensor
    deformation: Tensor
    occlusion: Tensor


class FommDenseMotion(nn.Module):
    """The dense motion network: which key point moves which pixel, and an occlusion map."""

    def __init__(self) -> None:
        super().__init__()
        self.hourglass = FommHourglass((POINTS + 1) * 4, _WIDTH)
        self.mask = nn.Conv2d(self.hourglass.features, POINTS + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.features, 1, 7, padding=3)
        self.down = Shrink()

    def forward(self, small: Tensor, source: KeyPoints, driver: KeyPoints) -> DenseMotion:
        """small (1 or B, 3, h, w), points of 1 or B sources and B drivers."""
        height, width = small.shape[2:]
        grids = sparse_grids(source, driver, height, width)
        batch, count = grids.shape[:2]
        moved = sample(
            small[:, None].expand(batch, count, -1, -1, -1).flatten(0, 1), grids.flatten(0, 1)
        ).view(batch, count, -1, height, width)
        heat = heatmaps(source, driver, height, width)
        features = self.hourglass(torch.cat((heat[:, :, None], moved), dim=2).flatten(1, 2))
        mask = torch.softmax(self.mask(features), dim=1)
        return DenseMotion(
            mask=mask,
            sparse_deformed=moved,
            deformation=(mask[..., None] * grids).sum(dim=1),  # never in half precision
            occlusion=torch.sigmoid(self.occlusion(features)),
        )


def sparse_grids(source: KeyPoints, driver: KeyPoints, height: int, width: int) -> Tensor:
    """Eq. 4: p_S + J_S J_D^-1 (z - p_D) for every point, after the background's z.

    -> (B, 11, h, w, 2)
    """
    z = corner_grid(height, width, device=driver.value.device).to(driver.value.dtype)
    jacobian = source.jacobian @ torch.linalg.inv(driver.jacobian)  # (B, 10, 2, 2)
    away = z[:, None] - driver.value[:, :, None, None]  # (B, 10, h, w, 2)
    moved = torch.einsum("bkij,bkhwj->bkhwi", jacobian, away) + source.value[:, :, None, None]
    return torch.cat((z[:, None].expand(len(moved), -1, -1, -1, -1), moved), dim=1)


def heatmaps(source: KeyPoints, driver: KeyPoints, height: int, width: int) -> Tensor:
    """Eq. 6: a Gaussian about each driver point, minus the one about its source point.

    -> (B, 11, h, w), the background's 0
    """
    bells = _bells(driver.value, height, width) - _bells(source.value, height, width)
    return F.pad(bells, (0, 0, 0, 0, 1, 0))


def _bells(points: Tensor, height: int, width: int) -> Tensor:
    z = corner_grid(height, width, device=points.device).to(points.dtype)
    away = z[:, None] - points[:, :, None, None]
    return torch.exp(-0.5 / _VARIANCE * away.square().sum(dim=-1))


class Generator(nn.Module):
    """Warps the source's features, multiplies by the occlusion map, and decodes a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.dense_motion_network = FommDenseMotion()
        self.first = SameBlock(3, _WIDTH, 7)
        self.down_blocks = nn.ModuleList(
            (DownBlock(_WIDTH, 2 * _WIDTH), DownBlock(2 * _WIDTH, 4 * _WIDTH))
        )
        self.up_blocks = nn.ModuleList(
            (UpBlock(4 * _WIDTH, 2 * _WIDTH), UpBlock(2 * _WIDTH, _WIDTH))
        )
        self.bottleneck = nn.Sequential()
        for i in range(_RESIDUALS):
            self.bottleneck.add_module(f"r{i}", ResBlock(4 * _WIDTH))
        self.final = nn.Conv2d(_WIDTH, 3, 7, padding=3)

    def encode(self, source: Tensor) -> SourceFeatures:
        """(1, 3, S, S) in [0, 1] -> the features that every frame uses."""
        features = self.first(source)
        for block in self.down_blocks:
            features = block(features)
        return SourceFeatures(features=features, small=self.dense_motion_network.down(source))

    def forward(
        self, source: SourceFeatures, at_rest: KeyPoints, moved: KeyPoints
    ) -> tuple[Tensor, DenseMotion]:
        """The source's key points and the moved ones -> pictures (B, 3, S, S) in [0, 1], motion."""
        motion: DenseMotion = self.dense_motion_network(source.small, at_rest, moved)
        features = source.features.expand(len(motion.deformation), -1, -1, -1)
        warped = sample(features, motion.deformation) * motion.occlusion  # eq. 8
        features = self.bottleneck(warped)
        for block in self.up_blocks:
            features = block(features)
        return torch.sigmoid(self.final(features)), motion
