"""The appearance feature extractor: a face -> a volume of features.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*, section 3.2, after Wang et al. 2021 (face-vid2vid), fig. 10 (a).

    symbol | name   | shape                    | equation
    s      | face   | (1, 3, 256, 256)         | RGB in [0, 1]
    f_s    | volume | (1, 32, 16, 64, 64)      | section 3.2: f_s = F(s), once per portrait

Departures from the paper: none.
"""

from __future__ import annotations

from torch import Tensor, nn

from animate_cli.layers.fomm_blocks import DownBlock, ResBlock, SameBlock, Space

CHANNELS, DEPTH = 32, 16
_WIDTH = 64
_RESIDUALS = 6


class AppearanceExtractor(nn.Module):
    """(B, 3, S, S) -> (B, 32, 16, S/4, S/4)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = SameBlock(3, _WIDTH, 3)
        self.down_blocks = nn.ModuleList(
            (DownBlock(_WIDTH, 2 * _WIDTH), DownBlock(2 * _WIDTH, 4 * _WIDTH))
        )
        self.second = nn.Conv2d(4 * _WIDTH, CHANNELS * DEPTH, 1)
        self.resblocks_3d = nn.Sequential()
        for i in range(_RESIDUALS):
            self.resblocks_3d.add_module(f"3dr{i}", ResBlock(CHANNELS, Space.VOLUME))

    def forward(self, face: Tensor) -> Tensor:
        """(B, 3, S, S) in [0, 1]"""
        x = self.first(face)
        for block in self.down_blocks:
            x = block(x)
        volume: Tensor = self.resblocks_3d(self.second(x).unflatten(1, (CHANNELS, DEPTH)))
        return volume
