"""Convolutions of pictures that were enlarged by repeating pixels, without enlarging them.

Of the three taps of a convolution along an axis, two or all fall on copies of one and the same
pixel, so that a transposed convolution of the small picture with summed taps gives the same
numbers with 4/9 of the multiplications (w: taps, x: the small picture, zero beyond its edges):

    out[2i]     = w0 x[i-1] + (w1 + w2) x[i]
    out[2i + 1] = (w0 + w1) x[i] + w2 x[i+1]
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EnlargingConv2d(nn.Conv2d):
    """Enlarge twofold, then convolve with 3 x 3 taps: (B, C, H, W) -> (B, F, 2H, 2W)."""

    def __init__(self, channels: int, features: int, *, bias: bool = True) -> None:
        super().__init__(channels, features, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """As the words say: the oracle of `without_enlarging`."""
        return super().forward(F.interpolate(x, scale_factor=2.0))


class EnlargingConv3d(nn.Conv3d):
    """The same in volumes, whose depth stays: (B, C, D, H, W) -> (B, F, D, 2H, 2W)."""

    def __init__(self, channels: int, features: int) -> None:
        super().__init__(channels, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """As the words say: the oracle of `without_enlarging`."""
        return super().forward(F.interpolate(x, scale_factor=(1.0, 2.0, 2.0)))


def without_enlarging(conv: EnlargingConv2d | EnlargingConv3d) -> nn.Module:
    """The same function as one transposed convolution."""
    taps = _summed(_summed(conv.weight.detach(), dim=-1), dim=-2).transpose(0, 1)
    sizes = conv.in_channels, conv.out_channels
    other: nn.ConvTranspose2d | nn.ConvTranspose3d
    if isinstance(conv, EnlargingConv2d):
        other = nn.ConvTranspose2d(*sizes, 4, stride=2, padding=1)
    else:  # along the depth a transposed convolution is the convolution with its taps reversed
        taps = taps.flip(2)
        other = nn.ConvTranspose3d(*sizes, (3, 4, 4), stride=(1, 2, 2), padding=1)
    other.weight = nn.Parameter(taps.contiguous())
    other.bias = conv.bias
    return other.to(conv.weight.device).eval()


def _summed(taps: Tensor, *, dim: int) -> Tensor:
    """Three taps along an axis -> the transposed convolution's four."""
    w0, w1, w2 = taps.unbind(dim)
    return torch.stack((w2, w1 + w2, w0 + w1, w0), dim=dim)
