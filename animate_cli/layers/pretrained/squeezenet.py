"""SqueezeNet 1.1, tapped where LPIPS compares features.

Iandola et al. 2016, *SqueezeNet: AlexNet-level accuracy with 50x fewer parameters*; version 1.1
with the tensor names of its usual ImageNet weights (`features.N...`).

    symbol | name  | shape             | equation
    x      | x     | (B, 3, H, W)      | RGB, normalised by the caller (`imagenet.normalise`)
           | `Fire` | (B, C, H, W) -> (B, 2 e, H, W) | section 3.2
    y_l    | taps  | 7 x (B, C, h, w)  | the layers that Zhang et al. 2018 (LPIPS) compare

Departures from the paper: the classifier is not built.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.weight_io import load_strictly

FILE = "squeezenet1_1_fp16.safetensors"
"""The weights' name in a folder."""
TAPS = (1, 4, 7, 9, 10, 11, 12)
"""Layers whose outputs LPIPS compares: after the first ReLU and after six Fire modules."""
TAP_CHANNELS = (64, 128, 256, 384, 384, 512, 512)


class Fire(nn.Module):
    """Squeeze by 1x1, expand by 1x1 and 3x3 side by side."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, 2 expanded, H, W)."""
        y = F.relu_(self.squeeze(x))
        return torch.cat((F.relu_(self.expand1x1(y)), F.relu_(self.expand3x3(y))), dim=1)


class SqueezeNetFeatures(nn.Module):
    """The convolutional part; the classifier is not built."""

    def __init__(self) -> None:
        super().__init__()
        fires = (
            *(Fire(64, 16, 64), Fire(128, 16, 64), _pool()),
            *(Fire(128, 32, 128), Fire(256, 32, 128), _pool()),
            *(Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256)),
        )
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(inplace=True), _pool(), *fires
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised -> the seven taps, finest first."""
        taps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                taps.append(x)
        return taps


def load_squeezenet(folder: Path) -> SqueezeNetFeatures:
    """The features from `FILE` in a folder.

    Raises:
        WeightsError: the file is missing or holds other tensors.
    """
    path = folder / FILE
    if not path.is_file():
        raise WeightsError(f"{path} does not exist", hint="SqueezeNet's features need this file")
    tensors = {k: v for k, v in hub.read(path)[1].items() if k.startswith("features.")}
    network = SqueezeNetFeatures()
    load_strictly(network, tensors, where=str(path))
    return network


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)
