"""Nearest-neighbour upsampling and a convolution, as one transposed convolution.

Of the three taps of a convolution along an axis, two or all fall on copies of one and the same
pixel, so that a transposed convolution of the small picture with summed taps gives the same
numbers with fewer multiplications (w: taps, x: the small picture, zero outside its edges); twofold:

    out[2i]     = w0 x[i-1] + (w1 + w2) x[i]
    out[2i + 1] = (w0 + w1) x[i] + w2 x[i+1]

The transposed taps are the reversed taps, summed over windows as long as a pixel is repeated: of
the plain way's multiplications 4/9 remain twofold in the plane, 1/4 fourfold.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class UpsampleConv2d(nn.Conv2d):
    """Enlarge `times`, then convolve with 3 x 3 taps: (B, C, H, W) -> (B, F, times H, times W)."""

    def __init__(self, channels: int, features: int, *, bias: bool = True, times: int = 2) -> None:
        super().__init__(channels, features, 3, padding=1, bias=bias)
        self.times = times

    def forward(self, x: Tensor) -> Tensor:
        """Enlarged first, then convolved: the plain way, and the oracle of `as_transposed_conv`."""
        return super().forward(F.interpolate(x, scale_factor=float(self.times)))


class UpsampleConv3d(nn.Conv3d):
    """The same, twofold, in volumes, whose depth stays: (B, C, D, H, W) -> (B, F, D, 2H, 2W)."""

    times = 2

    def __init__(self, channels: int, features: int) -> None:
        super().__init__(channels, features, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Enlarged first, then convolved: the plain way, and the oracle of `as_transposed_conv`."""
        return super().forward(F.interpolate(x, scale_factor=(1.0, 2.0, 2.0)))


def as_transposed_conv(conv: UpsampleConv2d | UpsampleConv3d) -> nn.Module:
    """The same function as one transposed convolution, or a plain one where nothing grows."""
    if conv.times == 1:
        plain = nn.Conv2d(conv.in_channels, conv.out_channels, 3, padding=1)
        plain.weight, plain.bias = conv.weight, conv.bias
        return plain.eval()
    taps = conv.weight.detach().transpose(0, 1)
    for dim in (-1, -2):
        taps = _summed(taps, conv.times, dim=dim)
    sizes = conv.in_channels, conv.out_channels
    other: nn.ConvTranspose2d | nn.ConvTranspose3d
    if isinstance(conv, UpsampleConv2d):
        other = nn.ConvTranspose2d(*sizes, conv.times + 2, stride=conv.times, padding=1)
    else:  # along the depth a transposed convolution is the convolution with its taps reversed
        taps = taps.flip(2)
        other = nn.ConvTranspose3d(*sizes, (3, 4, 4), stride=(1, 2, 2), padding=1)
    other.weight = nn.Parameter(taps.contiguous())
    other.bias = conv.bias
    return other.to(conv.weight.device).eval()


def _summed(taps: Tensor, times: int, *, dim: int) -> Tensor:
    """Three taps along an axis -> the transposed convolution's `times` + 2."""
    w0, w1, w2 = taps.unbind(dim)
    reversed_taps = (w2, w1, w0)
    nothing = torch.zeros_like(w0)
    windows = (
        sum((reversed_taps[k] for k in range(3) if 0 <= at - k < times), nothing)
        for at in range(times + 2)
    )
    return torch.stack(list(windows), dim=dim)
