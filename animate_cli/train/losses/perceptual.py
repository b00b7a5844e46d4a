"""The perceptual loss: the difference between the features of two pictures.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, eq. 4; the pyramid is
that of Siarohin et al. 2019, *First Order Motion Model*, section 3.3, whose loss the paper takes.

    symbol     | name           | shape                          | equation
    D, T       | target, found  | (B, 3, H, W) in [0, 1]         | (4)
    N_j        | features       | a list of (B, C, H', W')       | (4)
    L_per      | returned       | scalar                         | (4)

Departures from the paper: each layer is averaged, not summed, over its channels (as in Siarohin et
al.), so that all layers have the same weight. Options: SqueezeNet 1.1 instead of VGG-19, at a
fiftieth of its cost; LPIPS (Zhang et al. 2018) instead of the plain difference: features normalised
to unit length, differences weighted by channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.pretrained.imagenet import normalise
from animate_cli.layers.pretrained.lpips import distance, load_heads, unit
from animate_cli.layers.pretrained.squeezenet import load_squeezenet
from animate_cli.layers.pretrained.vgg19 import load_vgg19

PYRAMID = (1, 2, 4, 8)
"""How often each level is smaller than the pictures: that of Siarohin et al. for 256 pixels.
VGG-19 takes levels from 16 pixels up, SqueezeNet from 17 up."""
SHORTEST = 1e-3
"""Length of a feature vector below which its direction fades: it would be noise, its slope huge."""


class Features(StrEnum):
    """The feature network, and whether features are compared plainly or by LPIPS."""

    VGG19 = "vgg19"
    SQUEEZENET = "squeezenet"
    LPIPS = "lpips"


class Perceptual(nn.Module):
    """L_per by a frozen network that returns a list of feature maps (taps).

    heads: w² of LPIPS, one (C,) per tap; none: the plain mean of |N(D) − N(T)|. The target's
    features are computed without a graph, and the network's own weights get no gradients, so a call
    with its backward pass takes a third of the time of training that network.
    """

    def __init__(
        self, network: nn.Module, *, scales: tuple[int, ...] = PYRAMID, heads: Sequence[Tensor] = ()
    ) -> None:
        super().__init__()
        self._network = network.requires_grad_(requires_grad=False).eval()
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._scales = scales
        self._heads = nn.ParameterList(nn.Parameter(head, requires_grad=False) for head in heads)

    def forward(self, found: Tensor, target: Tensor) -> Tensor:
        """T, D (B, 3, H, W) RGB in [0, 1] -> scalar, summed over levels and taps; 0 if T = D."""
        levels = (self._level(found, target, scale) for scale in self._scales)
        return torch.stack([addend for level in levels for addend in level]).sum()

    def _level(self, found: Tensor, target: Tensor, scale: int) -> list[Tensor]:
        with torch.no_grad():
            wanted = self._taps(target, scale)
        seen = self._taps(found, scale)
        if not self._heads:
            return [F.l1_loss(one, other) for one, other in zip(seen, wanted, strict=True)]
        taps = zip(seen, wanted, self._heads, strict=True)
        return [
            distance(one, unit(other, floor=SHORTEST), weight, floor=SHORTEST).mean()
            for one, other, weight in taps
        ]

    def _taps(self, pictures: Tensor, scale: int) -> list[Tensor]:
        """N of the pictures at 1 / scale of their size (block averages)."""
        small = F.avg_pool2d(pictures, scale) if scale > 1 else pictures
        small = normalise(small).contiguous(memory_format=torch.channels_last)
        taps: list[Tensor] = self._network(small)
        return taps


def load_perceptual(
    *, kind: Features, folder: Path, scales: tuple[int, ...] = PYRAMID
) -> Perceptual:
    """L_per with weights from a folder; the file names are in `layers.pretrained.vgg19`,
    `.squeezenet` and `.lpips`.

    Raises:
        WeightsError: a file is missing, damaged, or holds other tensors.
    """
    if kind is Features.VGG19:
        return Perceptual(load_vgg19(folder), scales=scales)
    heads = load_heads(folder) if kind is Features.LPIPS else ()
    return Perceptual(load_squeezenet(folder), scales=scales, heads=heads)


def same_random_crop(one: Tensor, other: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """The same random square of two pictures (B, 3, S, S), `share` of their side."""
    size = one.shape[-1]
    side = round(share * size)
    x, y = (int(start) for start in torch.randint(size - side + 1, (2,)))
    return one[..., y : y + side, x : x + side], other[..., y : y + side, x : x + side]
