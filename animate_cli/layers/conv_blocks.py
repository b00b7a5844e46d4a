"""Convolution blocks with batch normalisation that several networks share."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.upsample_conv import UpsampleConv2d


class ConvNorm(nn.Module):
    """3x3 convolution (of the map enlarged twofold if `grows`), batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1, grows: bool = False) -> None:
        super().__init__()
        self.conv = (
            UpsampleConv2d(inputs, outputs, bias=False)
            if grows
            else nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        )
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h', w')."""
        return F.relu_(self.norm(self.conv(x)))


class ResidualBlock(nn.Module):
    """x + conv(relu(conv(x))), each normalised."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        out: Tensor = x + self.norm(self.conv(self.first(x)))
        return out
