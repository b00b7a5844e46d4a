"""LPIPS, a perceptual distance between pictures: `layers.pretrained.lpips` has its formula.

Behind it stands SqueezeNet, AlexNet (which the field reports most) or VGG-16; their figures are not
to be compared with each other.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from animate_cli.layers.pretrained.alexnet_vgg16 import Backbone, load_tapped
from animate_cli.layers.pretrained.imagenet import normalise
from animate_cli.layers.pretrained.lpips import distance, load_heads, unit
from animate_cli.layers.pretrained.squeezenet import load_squeezenet

_SMALLEST = 1e-10  # a length, as LPIPS 0.1 has it


class Lpips(nn.Module):
    """One of them; its weights are files of a folder, see `load_lpips`."""

    def __init__(self, network: nn.Module, heads: list[Tensor]) -> None:
        """network: normalised pictures -> taps, one for each of the heads."""
        super().__init__()
        self.network = network
        self._heads = heads

    @torch.inference_mode()
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance of each pair: x, y (B, 3, H, W) in [0, 1] -> (B,)."""
        total = x.new_zeros(len(x))
        pairs = zip(self._features(x), self._features(y), self._heads, strict=True)
        for one, other, weight in pairs:
            total += distance(one, unit(other, floor=_SMALLEST), weight, floor=_SMALLEST)
        return total

    def _features(self, pictures: Tensor) -> list[Tensor]:
        taps: list[Tensor] = self.network(normalise(pictures))
        return taps


def load_lpips(folder: Path) -> Lpips:
    """LPIPS-Squeeze from `squeezenet1_1_fp16.safetensors` and `lpips_heads_v0.1.safetensors`.

    Raises:
        WeightsError: a file is missing or holds other tensors.
    """
    return Lpips(load_squeezenet(folder), load_heads(folder)).eval()


def load_lpips_on(backbone: Backbone, folder: Path) -> Lpips:
    """LPIPS on another network: its heads from the folder, its features as `load_tapped`.

    Raises:
        WeightsError: heads or features are missing or hold other tensors.
    """
    heads = load_heads(folder, backbone.name, len(backbone.taps))
    return Lpips(load_tapped(backbone, folder), heads).eval()
