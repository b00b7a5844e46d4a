"""Convolutions of volumes with many taps, as products of spectra, for CPUs.

A convolution of 7 x 7 x 7 taps multiplies 343 times per pixel and pair of channels; its spectrum
once. The plane is cut into tiles that overlap by the taps (overlap and save); the depth is one.
With taps w and a tile x, each padded by zeros to the same size, * for the conjugate:

    out = F⁻¹( F(w)* F(x) ), without the pixels that wrapped around
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST_TAPS = 7  # along an axis: below, the plain way is as fast
TILE = 22  # results along a tile's side: 28 pixels with 7 taps, a size that transforms quickly


class FourierConv3d(nn.Module):
    """The same function as a convolution of cubic taps, padded by half of them.

    Holds the spectra for one depth of volume (231 MB for LivePortrait's masks).
    """

    def __init__(self, conv: nn.Conv3d, depth: int) -> None:
        super().__init__()
        taps = conv.kernel_size[0]
        self._padding = taps // 2
        self._size = (depth + taps - 1, TILE + taps - 1, TILE + taps - 1)
        spectra = torch.fft.rfftn(conv.weight.detach(), s=self._size, dim=(-3, -2, -1)).conj()
        spectra = spectra.flatten(2).permute(2, 1, 0).resolve_conj().contiguous()
        self.register_buffer("spectra", spectra)
        self.bias = conv.bias

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, D, H, W) -> (B, F, D, H, W)"""
        height, width = x.shape[3:]
        down, across = -(-height // TILE), -(-width // TILE)
        tiles = self._tiles(x, down, across)  # (B down across, C, d, n, n)
        product = self._product(torch.fft.rfftn(tiles, dim=(-3, -2, -1)))
        results: Tensor = torch.fft.irfftn(product, s=self._size, dim=(-3, -2, -1))
        results = results[:, :, : x.shape[2], :TILE, :TILE]
        whole = results.reshape(-1, down, across, *results.shape[1:]).permute(0, 3, 4, 1, 5, 2, 6)
        whole = whole.flatten(5, 6).flatten(3, 4)[..., :height, :width]
        bias = 0 if self.bias is None else self.bias.view(-1, 1, 1, 1)
        return torch.add(whole, bias)

    def _tiles(self, x: Tensor, down: int, across: int) -> Tensor:
        p = self._padding
        after = (down * TILE - x.shape[3] + p, across * TILE - x.shape[4] + p)
        padded = F.pad(x, (p, after[1], p, after[0], p, p))
        side = self._size[-1]
        tiles = padded.unfold(3, side, TILE).unfold(4, side, TILE)  # (B, C, d, down, across, n, n)
        return tiles.permute(0, 3, 4, 1, 2, 5, 6).flatten(0, 2)

    def _product(self, spectra: Tensor) -> Tensor:
        """(T, C, ...) -> (T, F, ...): channels are mixed frequency by frequency."""
        each = spectra.flatten(2).permute(2, 0, 1) @ self.get_buffer("spectra")  # (N, T, F)
        tiles, features = each.shape[1:]
        return each.permute(1, 2, 0).reshape(tiles, features, *spectra.shape[2:])
