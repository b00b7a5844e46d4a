"""A patch discriminator (PatchGAN): rates each patch of a picture as real or generated.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.4, uses a
discriminator D without giving its architecture. This one is that of Siarohin et al. 2019, *First
Order Motion Model*, whose generator the paper uses too.

    symbol | name        | shape                                | equation
    I      | pictures    | (B, 3, H, W) RGB in [0, 1]           | (5), (6)
    D(I)   | returned    | per scale (B, 1, h, w), 1: real      | (5), (6)

Each scale has its own network of `depth` blocks: 4 x 4 convolution, instance normalisation (except
in the first), leaky ReLU, and average pooling by 2 (except in the last); then a convolution to one
map. Convolutions are not padded.

Departures from the paper: none known.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

LEAK = 0.2


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """width: channels of the first layer, doubled in each further one up to `widest`; scales:
    factor by which the pictures are reduced for each network; spectral: whether weights are
    divided by their spectral norm (Miyato et al. 2018)."""

    width: int = 32
    widest: int = 512
    depth: int = 4
    scales: tuple[int, ...] = (1,)
    spectral: bool = True


class PatchDiscriminator(nn.Module):
    """D at one scale."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        widths = [min(config.width * 2**index, config.widest) for index in range(config.depth)]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((3, *widths)):
            layers += [nn.AvgPool2d(2)] if layers else []
            layers.append(_conv(inputs, outputs, 4, spectral=config.spectral))
            layers += [nn.InstanceNorm2d(outputs, affine=True)] if inputs != 3 else []
            layers.append(nn.LeakyReLU(LEAK))
        layers.append(_conv(widths[-1], 1, 1, spectral=config.spectral))
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 1, h, w); at the default depth each value sees 53 pixels."""
        judged: Tensor = self.layers(pictures)
        return judged


class Discriminator(nn.Module):
    """D at every scale of its config."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self._scales = config.scales
        self.networks = nn.ModuleList(PatchDiscriminator(config) for _ in config.scales)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """(B, 3, H, W) RGB in [0, 1], H and W from 64 times the largest scale up -> a map each."""
        shown = (F.avg_pool2d(pictures, s) if s > 1 else pictures for s in self._scales)
        return [network(picture) for network, picture in zip(self.networks, shown, strict=True)]


@contextmanager
def frozen(critic: nn.Module) -> Iterator[nn.Module]:
    """A context in which the critic passes gradients on to its input and gets none itself."""
    learning = [weight for weight in critic.parameters() if weight.requires_grad]
    for weight in learning:
        weight.requires_grad = False
    try:
        yield critic
    finally:
        for weight in learning:
            weight.requires_grad = True


def _conv(inputs: int, outputs: int, size: int, *, spectral: bool) -> nn.Module:
    conv = nn.Conv2d(inputs, outputs, size)
    return spectral_norm(conv) if spectral else conv
