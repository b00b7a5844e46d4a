"""VGG-19 features, for perceptual losses.

Simonyan & Zisserman 2015, *Very Deep Convolutional Networks*, configuration E, with the tensor
names of its usual ImageNet weights (`features.N...`). Pictures are RGB in [0, 1]; whoever calls
normalises them.

    name     | shape                       | where
    taps     | 5 x (B, C, H', W')          | `Vgg19Features.forward`

What lies behind the last tap (three convolutions, a pool, the classifier) is not built.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.state import fill

BLOCKS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512,))
TAPS = (1, 6, 11, 20, 29)
"""relu1_1 ... relu5_1: the first ReLU of every block."""
TAP_CHANNELS = (64, 128, 256, 512, 512)
FILES = ("vgg19.safetensors", "vgg19-dcbb9e9d.pth")
"""The weights' names in a folder; the second is torchvision's own, named by its first digits."""
HOW_TO_GET = (
    "download torchvision's vgg19-dcbb9e9d.pth (548 MB), or timm/vgg19.tv_in1k from the Hub as "
    "vgg19.safetensors, or take the squeezenet features"
)


class Vgg19Features(nn.Module):
    """The convolutional part up to relu5_1."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, *(width for block in BLOCKS for width in block))
        pairs = iter(pairwise(widths))
        layers: list[nn.Module] = []
        for block in BLOCKS:
            layers += [nn.MaxPool2d(2)] if layers else []
            for inputs, outputs in (next(pairs) for _ in block):
                layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised, H, W >= 16 -> the five taps, finest first."""
        taps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                taps.append(x)
        return taps


def load_vgg19(folder: Path) -> Vgg19Features:
    """The features from one of `FILES` in a folder.

    Raises:
        WeightsError: there is none, it is damaged, or holds other tensors.
    """
    path = next((path for name in FILES if (path := folder / name).is_file()), None)
    if path is None:
        raise WeightsError(f"{folder} holds no {' or '.join(FILES)}", hint=HOW_TO_GET)
    tensors = _read(path)
    network = Vgg19Features()
    wanted = network.state_dict().keys()
    fill(network, {k: v for k, v in tensors.items() if k in wanted}, where=str(path))
    return network


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return hub.read(path)[1]
    stated = path.stem.partition("-")[2]
    if not hub.sha256_of(path).startswith(stated):
        raise WeightsError(f"{path}: sha256 does not begin with {stated}", hint=HOW_TO_GET)
    tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return tensors
