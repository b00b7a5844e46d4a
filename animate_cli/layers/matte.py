"""How much of every pixel is the person's: a small network that looks at a photo once.

    symbol | name  | shape        | here
    I      | face  | (B, 3, S, S) | a face square: head, hair, shoulders
    α      | matte | (B, 1, S, S) | 1 on the person, 0 on what lies behind

An hourglass of folded pixels with skips, after Ronneberger et al. 2015 (U-Net).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from animate_cli.layers.folding import fold, unfold
from animate_cli.layers.refine import ConvNorm, ResidualBlock


@dataclass(frozen=True, kw_only=True)
class MatteConfig:
    """size: S; fold: pixels folded into channels first, unfolded last; widths: channels at each
    halving; blocks: residual blocks at the lowest resolution."""

    size: int = 256
    fold: int = 2
    widths: tuple[int, ...] = (24, 48, 96, 128, 160)
    blocks: int = 2


class MatteNetwork(nn.Module):
    """Face -> matte."""

    def __init__(self, config: MatteConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = ConvNorm(3 * config.fold**2, widths[0])
        self.down = nn.ModuleList(ConvNorm(a, b, stride=2) for a, b in pairwise(widths))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(config.blocks)))
        self.up = nn.ModuleList(ConvNorm(b, a, grows=True) for b, a in pairwise(widths[::-1]))
        self.join = nn.ModuleList(ConvNorm(a, a) for a in widths[-2::-1])
        self.head = nn.Conv2d(widths[0], config.fold**2, 3, padding=1)

    def forward(self, face: Tensor) -> Tensor:
        """I (B, 3, S, S) in [0, 1] -> α (B, 1, S, S) in (0, 1)."""
        return self.logits(face).sigmoid()

    def logits(self, face: Tensor) -> Tensor:
        """The same before the sigmoid."""
        levels = [self.stem(fold(face, self.config.fold))]
        for down in self.down:
            levels.append(down(levels[-1]))
        x = self.blocks(levels[-1])
        for up, join, level in zip(self.up, self.join, levels[-2::-1], strict=True):
            x = join(up(x) + level)
        drawn: Tensor = unfold(self.head(x).float(), self.config.fold)
        return drawn.to(memory_format=torch.contiguous_format)
