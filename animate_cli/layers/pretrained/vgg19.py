"""VGG-19 features, for perceptual losses.

Simonyan & Zisserman 2015, *Very Deep Convolutional Networks for Large-Scale Image Recognition*,
configuration E, with the tensor names of its usual ImageNet weights (`features.N...`).

    symbol | name  | shape             | equation
    x      | x     | (B, 3, H, W)      | RGB, normalised by the caller (`imagenet.normalise`)
    N_j    | taps  | 5 x (B, C, h, w)  | eq. 4 of Zhao et al. 2021: relu1_1 ... relu5_1

Departures from the paper: nothing behind the last tap is built (three convolutions, a pool, the
classifier).
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn

from animate_cli import hub
from animate_cli.digest import sha256_of
from animate_cli.errors import WeightsError
from animate_cli.layers.weight_io import load_strictly

BLOCKS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512,))
TAPS = (1, 6, 11, 20, 29)
"""relu1_1 ... relu5_1: the first ReLU of every block."""
TAP_CHANNELS = (64, 128, 256, 512, 512)
FILES = ("vgg19.safetensors", "vgg19-dcbb9e9d.pth")
"""The weights' names in a folder; the second is torchvision's own, named by its first digits."""
REGISTERED = "vgg19"


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
    """The features from one of `FILES` in a folder, else from the registered weights "vgg19".

    Raises:
        WeightsError: there are none, they are damaged, or hold other tensors.
    """
    path = next((path for name in FILES if (path := folder / name).is_file()), None)
    tensors = hub.load_published(REGISTERED) if path is None else _read(path)
    network = Vgg19Features()
    wanted = network.state_dict().keys()
    kept = {k: v for k, v in tensors.items() if k in wanted}
    load_strictly(network, kept, where=str(path or REGISTERED))
    return network


def _read(path: Path) -> dict[str, Tensor]:
    stated = path.stem.partition("-")[2]  # first digits of the sha256, if the name has them
    if stated and not sha256_of(path).startswith(stated):
        raise WeightsError(f"{path}: sha256 does not begin with {stated}", hint="fetch it again")
    return hub.read_published(path)
