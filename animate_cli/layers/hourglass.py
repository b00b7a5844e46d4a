"""The hourglass and its two residual blocks.

Newell et al. 2016, *Stacked Hourglass Networks for Human Pose Estimation*; Bulat & Tzimiropoulos
2017, *How far are we from solving the 2D & 3D Face Alignment problem?* (FAN), whose tensor names
are kept so that its published weights can be read.

    symbol | name                | shape                        | equation
           | `HierarchicalBlock` | (B, C, H, W) -> (B, F, H, W) | Bulat & Tzimiropoulos 2017
           | `BottleneckBlock`   | (B, C, H, W) -> (B, F, H, W) | He et al. 2016 (ResNet)
           | `Hourglass`         | (B, C, H, W), unchanged      | Newell et al. 2016, section 3.1

H and W are divisible by 2ⁿ in an hourglass of depth n.

Departures from the paper
    block   `BottleneckBlock` (1x1, 3x3, 1x1, normalised *after* each convolution) is a second
            choice of block: every normalisation can be fused into its convolution, which makes it
            about three times as fast on a CPU as the hierarchical one at equal width
"""

from __future__ import annotations

from enum import StrEnum

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class HourglassBlock(StrEnum):
    """Which residual block a network is built of."""

    HIERARCHICAL = "hierarchical"
    BOTTLENECK = "bottleneck"


class HierarchicalBlock(nn.Module):
    """FAN's block: three pre-activated 3x3 convolutions, concatenated, plus the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = _conv3(inputs, half)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv2 = _conv3(half, quarter)
        self.bn3 = nn.BatchNorm2d(quarter)
        self.conv3 = _conv3(quarter, quarter)
        self.downsample: nn.Module = nn.Identity()
        if inputs != outputs:
            widen = nn.Conv2d(inputs, outputs, 1, bias=False)
            self.downsample = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), widen)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        first = self.conv1(F.relu(self.bn1(x)))
        second = self.conv2(F.relu(self.bn2(first)))
        third = self.conv3(F.relu(self.bn3(second)))
        shortcut: Tensor = self.downsample(x)
        return torch.cat((first, second, third), dim=1) + shortcut


class BottleneckBlock(nn.Module):
    """1x1 to half the width, 3x3, 1x1 back, plus the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.conv1 = nn.Conv2d(inputs, half, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(half)
        self.conv2 = _conv3(half, half)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if inputs != outputs:
            widen = nn.Conv2d(inputs, outputs, 1, bias=False)
            self.downsample = nn.Sequential(widen, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)  # the same numbers, less memory moved
        y = F.relu(self.bn2(self.conv2(y)), inplace=True)
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x), inplace=True)


class Hourglass(nn.Module):
    """Half the resolution `depth` times and come back, with a skip path at each level."""

    def __init__(self, channels: int, depth: int, block: HourglassBlock) -> None:
        super().__init__()
        self.depth = depth
        for level in range(depth, 0, -1):
            for part in ("b1", "b2", "b3"):
                self.add_module(f"{part}_{level}", build_block(block, channels, channels))
        self.b2_plus_1 = build_block(block, channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self._level(self.depth, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        skip = self.get_submodule(f"b1_{level}")(x)
        low = self.get_submodule(f"b2_{level}")(F.avg_pool2d(x, 2))
        low = self._level(level - 1, low) if level > 1 else self.b2_plus_1(low)
        low = self.get_submodule(f"b3_{level}")(low)
        return skip + F.interpolate(low, scale_factor=2.0, mode="nearest")  # type: ignore[no-any-return]


def build_block(block: HourglassBlock, inputs: int, outputs: int) -> nn.Module:
    """A block of the chosen kind."""
    if block is HourglassBlock.HIERARCHICAL:
        return HierarchicalBlock(inputs, outputs)
    return BottleneckBlock(inputs, outputs)


def _conv3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
