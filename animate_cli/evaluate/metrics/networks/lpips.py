"""LPIPS, a perceptual distance between images; `layers.pretrained.lpips` has its formula.

It is computed on the features of SqueezeNet, AlexNet (which papers report most) or VGG-16. Values
of different networks cannot be compared with each other.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from animate_cli.layers.pretrained.alexnet_vgg16 import Backbone, load_tapped
from animate_cli.layers.pretrained.imagenet import normalise
from animate_cli.layers.pretrained.lpips import distance, load_heads, unit
from animate_cli.layers.pretrained.squeezenet import load_squeezenet

_SMALLEST = 1e-10  # lower bound of a feature vector's length, as in LPIPS 0.1


class Lpips(nn.Module):
    """LPIPS on one network; `load_lpips` and `load_lpips_on` read its weights."""

    def __init__(self, network: nn.Module, linear: list[Tensor]) -> None:
        """network: normalised images (B, 3, H, W) -> one feature map per layer; linear: the weights
        of each layer's channels."""
        super().__init__()
        self.network = network
        self._linear = linear

    @torch.inference_mode()
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance of each image pair: x, y (B, 3, H, W) in [0, 1] -> (B,)."""
        total = x.new_zeros(len(x))
        layers = zip(self._features(x), self._features(y), self._linear, strict=True)
        for one, other, weight in layers:
            total += distance(one, unit(other, floor=_SMALLEST), weight, floor=_SMALLEST)
        return total

    def _features(self, images: Tensor) -> list[Tensor]:
        taps: list[Tensor] = self.network(normalise(images))
        return taps


def load_lpips(folder: Path) -> Lpips:
    """LPIPS-Squeeze from `squeezenet1_1_fp16.safetensors` and `lpips_heads_v0.1.safetensors`.

    Raises:
        WeightsError: a file is missing or holds other tensors.
    """
    return Lpips(load_squeezenet(folder), load_heads(folder)).eval()


def load_lpips_on(backbone: Backbone, folder: Path) -> Lpips:
    """LPIPS on another network: its linear weights from the folder, its features by `load_tapped`.

    Raises:
        WeightsError: linear weights or features are missing or hold other tensors.
    """
    linear = load_heads(folder, backbone.name, len(backbone.taps))
    return Lpips(load_tapped(backbone, folder), linear).eval()
