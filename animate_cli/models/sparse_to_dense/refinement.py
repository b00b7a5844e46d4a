"""The image generation network: it paints where the warp is wrong or has nothing to show.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.1 and
eq. 2: warped source and dense motion in, residual image and mask out. The `paper` config is the
generator of Siarohin et al. 2019 (first-order model), as section 4.4 says; `fast` works on pixels
packed into channels and keeps skip connections.

    symbol | name    | shape           | equation
    E      | warped  | (B, 3, S, S)    | eq. 1: input
    F      | flow    | (B, 2, s, s)    | eq. 3: input, the grid's displacement, resized here
    R      | painted | (B, 3, S, S)    | eq. 2: E + Δ
    M      | mask    | (B, 1, S, S)    | eq. 2: 1 where R is shown

Departures from the paper
    residual  the network gives Δ, and R = E + Δ, a residual in the literal sense; a network that
              painted R itself took ten times as long to learn
    mask      M starts near 0.12, so that training starts at the warped source
    fold      pixels are packed into channels first and unpacked last (`fast`)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.conv_blocks import ConvNorm, ResidualBlock
from animate_cli.layers.pixel_shuffle import channels_to_pixels, pixels_to_channels
from animate_cli.models.sparse_to_dense.motion_branch import FLOW_GAIN

_MASK_START = -2.0  # logit


@dataclass(frozen=True, kw_only=True)
class RefineConfig:
    """fold: squares of fold x fold pixels are packed into channels first and unpacked last; widths:
    channels at each halving; blocks: residual blocks at the lowest resolution; skips: encoder
    features are added on the way up; grid_cue: the displacement is an input (table 1 against
    table 4)."""

    fold: int = 2
    widths: tuple[int, ...] = (16, 32, 64, 128)
    blocks: int = 2
    skips: bool = True
    grid_cue: bool = True


class RefineNetwork(nn.Module):
    """Warped source and flow -> painted image R and mask M of eq. 2."""

    def __init__(self, config: RefineConfig) -> None:
        super().__init__()
        widths = config.widths
        self._cue, self._skips, self._packed = config.grid_cue, config.skips, config.fold**2
        self._fold = config.fold
        inputs = 3 * config.fold**2 + (2 if config.grid_cue else 0)
        self.stem = ConvNorm(inputs, widths[0])
        self.down = nn.ModuleList(ConvNorm(a, b, stride=2) for a, b in pairwise(widths))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(config.blocks)))
        self.up = nn.ModuleList(ConvNorm(b, a, grows=True) for b, a in pairwise(widths[::-1]))
        self.head = nn.Conv2d(widths[0], 4 * config.fold**2, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)

    @staticmethod
    def example(size: int) -> tuple[Tensor, Tensor]:
        """Inputs of `forward` for a batch of two: (2, 3, S, S), (2, 2, S, S)."""
        return torch.zeros(2, 3, size, size), torch.zeros(2, 2, size, size)

    def forward(self, warped: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
        """E (B, 3, S, S), displacement (B, 2, S, S), normalised -> R, M (B, 3 and 1, S, S).

        R may leave [0, 1] a little.
        """
        x = pixels_to_channels(warped, self._fold)
        if self._cue:
            cue = F.interpolate(flow, x.shape[-2:], mode="bilinear", align_corners=False)
            x = torch.cat((x, FLOW_GAIN * cue), dim=1)
        levels = [self.stem(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        x = self.blocks(levels[-1])
        for up, level in zip(self.up, levels[-2::-1], strict=True):
            x = up(x) + level if self._skips else up(x)
        output = self.head(x).to(warped.dtype)  # (B, 4 fold², s, s)
        change = channels_to_pixels(output[:, : 3 * self._packed], self._fold)  # (B, 3, S, S)
        mask = smooth_mask(output[:, 3 * self._packed :], warped.shape[-1])
        return warped + change.tanh(), mask


def smooth_mask(output: Tensor, size: int) -> Tensor:
    """M of the mean logit of packed pixels, enlarged smoothly: (B, N, s, s) -> (B, 1, S, S)."""
    mask = output.mean(dim=1, keepdim=True)
    mask = F.interpolate(mask, (size, size), mode="bilinear", align_corners=False)
    return (mask + _MASK_START).sigmoid()
