"""Convolutions of 3 x 3 taps with a quarter of the multiplications, for wide layers on CPUs.

Lavin & Gray 2016, *Fast Algorithms for Convolutional Neural Networks*, F(4 x 4, 3 x 3): tiles of
6 x 6 pixels give 4 x 4 results.

    symbol | name       | shape       | equation
    d      | tiles      | (36, T C)   | every 6 x 6 square, 4 pixels apart
    V      | moved      | (36, T, C)  | (Bᵀ ⊗ Bᵀ) d
    U      | taps       | (36, C, F)  | (G ⊗ G) g, once
    M      | product    | (36, T, F)  | V U: all the multiplications that count
    Y      | results    | (16, T F)   | (Aᵀ ⊗ Aᵀ) M

Rounding grows some thirtyfold, to 3e-5 of results of size 1. Worth it from `LEAST` channels on;
worked on in strips that stay in a core's cache.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST = 128  # channels and features: below, moving costs what multiplying saves
TILE, STEP = 6, 4
_STRIP_BYTES = 8 << 20

_B = torch.tensor(
    [
        [4.0, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_G = torch.tensor(
    [
        [6.0, 0, 0],
        [-4, -4, -4],
        [-4, 4, -4],
        [1, 2, 4],
        [1, -2, 4],
        [0, 0, 24],
    ],
    dtype=torch.float64,
)  # in twenty-fourths
_A = torch.tensor(
    [
        [1.0, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ]
)


class WinogradConv(nn.Module):
    """The same function as a convolution of 3 x 3 taps, padded by one pixel of zeros."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        taps = torch.einsum("ia,jb,fcab->ijcf", _G / 24, _G / 24, conv.weight.detach().double())
        self.register_buffer("taps", taps.flatten(0, 1).float().contiguous())
        self.register_buffer("spread", torch.kron(_B, _B))
        self.register_buffer("gather", torch.kron(_A, _A))
        self.bias = conv.bias
        self.features = conv.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, F, H, W), channels last."""
        batch, channels, height, width = x.shape
        down, across = -(-height // STEP), -(-width // STEP)
        padding = (0, 0, 1, across * STEP - width + 1, 1, down * STEP - height + 1)
        tiles = F.pad(x.permute(0, 2, 3, 1), padding).unfold(1, TILE, STEP).unfold(2, TILE, STEP)
        tiles = tiles.permute(4, 5, 0, 1, 2, 3)  # (6, 6, B, down, across, C)
        out = x.new_empty(batch, down, STEP, across, STEP, self.features)
        row = 4 * TILE**2 * batch * across * max(channels, self.features)
        rows = max(1, _STRIP_BYTES // row)
        for top in range(0, down, rows):
            strip = self._strip(tiles[:, :, :, top : top + rows])
            out[:, top : top + rows] = strip.permute(2, 3, 0, 4, 1, 5)
        return out.view(batch, down * STEP, across * STEP, -1)[:, :height, :width].movedim(3, 1)

    def _strip(self, tiles: Tensor) -> Tensor:
        """(6, 6, B, rows, across, C) -> (4, 4, B, rows, across, F)"""
        channels = tiles.shape[-1]
        moved = self.get_buffer("spread") @ tiles.reshape(TILE**2, -1)
        product = moved.view(TILE**2, -1, channels) @ self.get_buffer("taps")
        results = self.get_buffer("gather") @ product.view(TILE**2, -1)
        results = results.view(STEP, STEP, *tiles.shape[2:5], self.features)
        return results if self.bias is None else results.add_(self.bias)


def is_wide(conv: nn.Module) -> bool:
    """Whether a module is a 3 x 3 convolution of enough channels for Winograd to be faster."""
    return (
        type(conv) is nn.Conv2d
        and conv.kernel_size == (3, 3)
        and (conv.stride, conv.padding, conv.dilation) == ((1, 1), (1, 1), (1, 1))
        and (conv.groups, conv.padding_mode) == (1, "zeros")
        and min(conv.in_channels, conv.out_channels) >= LEAST
    )
