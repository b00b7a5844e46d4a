"""Convolution blocks of the first-order model and its followers, in the plane and in space.

Siarohin et al. 2019, *First Order Motion Model for Image Animation*, supplement: an hourglass of
convolution, batch normalisation and ReLU. Guo et al. 2024 (LivePortrait) use the same blocks, and
the same hourglass in space, where depth is never pooled.

    symbol | name            | shape                                   | equation
           | `SameBlock`     | (B, C, H, W) -> (B, F, H, W)            | supplement
           | `DownBlock`     | (B, C, ..., H, W) -> (B, F, ..., H/2, W/2) | supplement
           | `UpBlock`       | (B, C, ..., H, W) -> (B, F, ..., 2H, 2W)   | supplement
           | `ResBlock`      | (B, F, ..., H, W), unchanged            | supplement
           | `FommHourglass` | (B, C, ..., H, W) -> (B, base + C, ..., H, W) | supplement

Names and shapes of all tensors are those of the published weights.

Departures from the paper: none.
"""

from __future__ import annotations

from enum import Enum
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.upsample_conv import UpsampleConv2d, UpsampleConv3d


class Space(Enum):
    """Planes (B, C, H, W) or volumes (B, C, D, H, W)."""

    PLANE = "plane"
    VOLUME = "volume"

    def conv(self, channels: int, features: int, kernel: int, *, padding: int) -> nn.Module:
        """A convolution, cubic in volumes."""
        kind = nn.Conv2d if self is Space.PLANE else nn.Conv3d
        return kind(channels, features, kernel, padding=padding)

    def norm(self, features: int) -> nn.Module:
        """Batch normalisation."""
        return (nn.BatchNorm2d if self is Space.PLANE else nn.BatchNorm3d)(features)

    def halve(self, x: Tensor) -> Tensor:
        """Average over 2 x 2 pixels: (..., H, W) -> (..., H/2, W/2)."""
        if self is Space.PLANE:
            return F.avg_pool2d(x, 2)
        slices = F.avg_pool2d(x.flatten(1, 2), 2)  # MPS has no pooling of volumes
        return slices.view(*x.shape[:3], *slices.shape[2:])


class SameBlock(nn.Module):
    """Convolution, normalisation, activation: (B, C, H, W) -> (B, F, H, W).

    slope: of the activation below 0.
    """

    def __init__(self, channels: int, features: int, kernel: int, *, slope: float = 0.0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, features, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(features)
        self._slope = slope

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F, H, W)"""
        return F.leaky_relu(self.norm(self.conv(x)), self._slope, inplace=not self.training)


class DownBlock(nn.Module):
    """(..., H, W) -> (..., H/2, W/2)."""

    def __init__(self, channels: int, features: int, space: Space = Space.PLANE) -> None:
        super().__init__()
        self.conv = space.conv(channels, features, 3, padding=1)
        self.norm = space.norm(features)
        self._space = space

    def forward(self, x: Tensor) -> Tensor:
        """Convolve, then pool."""
        return self._space.halve(F.relu(self.norm(self.conv(x)), inplace=not self.training))


class UpBlock(nn.Module):
    """(..., H, W) -> (..., 2H, 2W), nearest."""

    def __init__(self, channels: int, features: int, space: Space = Space.PLANE) -> None:
        super().__init__()
        enlarging = UpsampleConv2d if space is Space.PLANE else UpsampleConv3d
        self.conv = enlarging(channels, features)
        self.norm = space.norm(features)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge, then convolve."""
        return F.relu(self.norm(self.conv(x)), inplace=not self.training)


class ResBlock(nn.Module):
    """x + two convolutions, each after its normalisation and activation; shape unchanged."""

    def __init__(self, features: int, space: Space = Space.PLANE) -> None:
        super().__init__()
        self.conv1 = space.conv(features, features, 3, padding=1)
        self.conv2 = space.conv(features, features, 3, padding=1)
        self.norm1 = space.norm(features)
        self.norm2 = space.norm(features)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return x.add(y)


class HourglassEncoder(nn.Module):
    """Halves five times and returns the maps of every size."""

    def __init__(self, channels: int, base: int, space: Space) -> None:
        super().__init__()
        widths = [channels, *(_width(base, i) for i in range(1, BLOCKS + 1))]
        self.down_blocks = nn.ModuleList(DownBlock(a, b, space) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The input and the output of every block, largest first."""
        sizes = [x]
        for block in self.down_blocks:
            sizes.append(block(sizes[-1]))
        return sizes


class HourglassDecoder(nn.Module):
    """Doubles five times; each result is joined with the encoder's map of that size.

    In volumes one more convolution mixes the two at the full size.
    """

    def __init__(self, channels: int, base: int, space: Space) -> None:
        super().__init__()
        beside = [2] * (BLOCKS - 1) + [1]
        self.up_blocks = nn.ModuleList(
            UpBlock(beside[i] * _width(base, i + 1), _width(base, i), space)
            for i in reversed(range(BLOCKS))
        )
        self.features = base + channels
        self._mixes = space is Space.VOLUME
        if self._mixes:
            self.conv = space.conv(self.features, self.features, 3, padding=1)
            self.norm = space.norm(self.features)

    def forward(self, sizes: list[Tensor]) -> Tensor:
        """The encoder's list -> (B, base + C, ...) at the input's size."""
        x = sizes[-1]
        for block, skip in zip(self.up_blocks, sizes[-2::-1], strict=True):
            x = torch.cat((block(x), skip), dim=1)
        if self._mixes:
            x = F.relu(self.norm(self.conv(x)), inplace=not self.training)
        return x


class FommHourglass(nn.Module):
    """(B, C, ..., H, W) -> (B, base + C, ..., H, W); H and W divisible by 32."""

    def __init__(self, channels: int, base: int, space: Space = Space.PLANE) -> None:
        super().__init__()
        self.encoder = HourglassEncoder(channels, base, space)
        self.decoder = HourglassDecoder(channels, base, space)
        self.features = self.decoder.features

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width."""
        features: Tensor = self.decoder(self.encoder(x))
        return features


BLOCKS = 5
_WIDEST = 1024


def _width(base: int, level: int) -> int:
    return min(_WIDEST, base << level)
