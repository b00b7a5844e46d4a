"""The patch networks: heatmaps of one eye or of the mouth, read by DSNT.

An eye is a dozen pixels wide in the square that `faces.landmarks` reads, and a cell of its
heatmaps covers a third of it: enough to place an eye, too coarse to place a pupil in it. A patch
network reads the eye or the mouth alone, several times as large.

    symbol | name       | shape            | where
    I      | patches    | (B, 3, 64, 64)   | argument, RGB in [0, 1]
    Z      | logits     | (B, K, 32, 32)   | `PatchNet.forward`
    μ      | points     | (B, K, 2)        | `layers.heatmap.expected_points` (Nibali et al. 2018)
    -      | confidence | (B, K)           | `layers.heatmap` spread through a logistic curve

The design is ours: an encoder to 4 x 4 cells and back with additive shortcuts, as in a hourglass
(Newell et al. 2016), of plain 3x3 convolutions. 21 million multiplications a patch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.faces.patch_landmarks.patches import POINTS_OF, FacePart
from animate_cli.layers import heatmap
from animate_cli.layers.conv_blocks import ConvNorm
from animate_cli.layers.grid import points_to_pixel
from animate_cli.layers.inference.fuse_batch_norm import fuse_batch_norm
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.records import Image, Points


@dataclass(frozen=True, kw_only=True)
class PatchConfig:
    """The dimensions of a patch network, and the fit of its confidence.

    part: what its patches show. size: pixels of a patch, a multiple of 16. widths: channels at a
    half, a quarter, an eighth and a sixteenth of the size. half_confidence_cells,
    confidence_slope: as in `faces.landmarks.network.LandmarkConfig`, fitted by training.
    """

    part: FacePart
    size: int = 64
    widths: tuple[int, int, int, int] = (16, 32, 48, 64)
    half_confidence_cells: float = 2.5
    confidence_slope: float = 2.0


class PatchNet(nn.Module):
    """Patches to heatmap logits."""

    def __init__(self, config: PatchConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth, sixteenth = config.widths
        self.stem = ConvNorm(3, half, stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(ConvNorm(a, b), ConvNorm(b, b))
            for a, b in ((half, half), (half, quarter), (quarter, eighth), (eighth, sixteenth))
        )
        self.narrow = nn.ModuleList(
            nn.Conv2d(a, b, 1) for a, b in ((quarter, half), (eighth, quarter), (sixteenth, eighth))
        )
        self.up = nn.ModuleList(ConvNorm(c, c) for c in (half, quarter, eighth))
        self.last = ConvNorm(half, half + half // 2)
        self.logits = nn.Conv2d(half + half // 2, len(POINTS_OF[config.part]), 1)

    def forward(self, patches: Tensor) -> Tensor:
        """(B, 3, S, S) in [0, 1] -> logits (B, K, S/2, S/2)."""
        x = self.down[0](self.stem(patches * 2 - 1))  # S/2
        shortcuts = []
        for level in list(self.down)[1:]:
            shortcuts.append(x)
            x = level(F.max_pool2d(x, 2))  # S/4, S/8, S/16
        for index in (2, 1, 0):
            grown = F.interpolate(self.narrow[index](x), scale_factor=2, mode="nearest")
            x = self.up[index](shortcuts[index] + grown)
        logits: Tensor = self.logits(self.last(x))
        return logits


def confidence(probability: Tensor, points: Tensor, config: PatchConfig) -> Tensor:
    """How sure each point is: (B, K, h, w), points (B, K, 2) normalised -> (B, K) in [0, 1]."""
    return heatmap.confidence(
        probability,
        points,
        half_cells=config.half_confidence_cells,
        slope=config.confidence_slope,
    )


class PatchLandmarker:
    """A patch network ready for use: uint8 patches in, points and confidence out."""

    def __init__(self, network: PatchNet, *, device: str = "cpu") -> None:
        self.config = network.config
        self.size = network.config.size
        self._device = device
        fused = fuse_batch_norm(network, {"conv": "norm"})
        self._network = fused.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, patches: Image) -> tuple[Points, NDArray[np.float32]]:
        """patches (B, S, S, 3) uint8 RGB -> points (B, K, 2) in its pixels, confidence (B, K)."""
        images = torch.from_numpy(np.ascontiguousarray(patches)).to(self._device)
        images = images.permute(0, 3, 1, 2).float().div_(255)  # channels last already
        probability = heatmap.normalise(self._network(images).float())
        points = heatmap.expected_points(probability)
        sure = confidence(probability, points, self.config)
        return points_to_pixel(points, self.size, self.size).cpu().numpy(), sure.cpu().numpy()


def load_patch_landmarker(weights: str, *, device: str = "cpu") -> PatchLandmarker:
    """The patch network of a registered weight.

    Raises:
        WeightsError: the weight is missing, damaged, or not a patch network's.
    """
    metadata, tensors = hub.load(weights)
    config = read_config(PatchConfig, metadata, where=f"weights {weights!r}")
    network = PatchNet(config)
    load_strictly(network, tensors, where=f"weights {weights!r}")
    return PatchLandmarker(network, device=device)
