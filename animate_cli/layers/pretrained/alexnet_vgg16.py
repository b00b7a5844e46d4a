"""AlexNet and VGG-16, tapped where LPIPS compares features.

Krizhevsky 2014, *One weird trick for parallelizing convolutional neural networks* (one column);
Simonyan & Zisserman 2015, *Very Deep Convolutional Networks for Large-Scale Image Recognition*,
configuration D. Tensor names are those of their usual ImageNet weights.

    symbol | name  | shape             | equation
    x      | x     | (B, 3, H, W)      | RGB, normalised by the caller (`imagenet.normalise`)
    y_l    | taps  | 5 x (B, C, h, w)  | the ReLUs that Zhang et al. 2018 (LPIPS) compare

Departures from the paper: the classifiers are not built.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.weight_io import load_strictly


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """layers: outputs, window, stride and padding of convolutions, 0 for a pool; taps: ReLUs by
    their place in the usual network; pool: window of the pools, whose stride is 2; files: names of
    weights in a folder; registered: their name in the registry, empty: not there.
    """

    name: str
    layers: tuple[tuple[int, int, int, int], ...]
    taps: tuple[int, ...]
    pool: int
    files: tuple[str, ...]
    registered: str = ""


def _same(outputs: int, count: int) -> tuple[tuple[int, int, int, int], ...]:
    """Convolutions of three by three that leave the sides as they are."""
    return count * ((outputs, 3, 1, 1),)


POOL = (0, 0, 0, 0)
ALEXNET = Backbone(
    name="alex",
    layers=(
        *((64, 11, 4, 2), POOL, (192, 5, 1, 2), POOL),
        *((384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1)),
    ),
    taps=(1, 4, 7, 9, 11),
    pool=3,
    files=("alexnet.safetensors", "alexnet-owt-7be5be79.pth"),
    registered="alexnet",
)
VGG16 = Backbone(
    name="vgg",
    layers=(
        *_same(64, 2),
        POOL,
        *_same(128, 2),
        POOL,
        *_same(256, 3),
        POOL,
        *_same(512, 3),
        POOL,
        *_same(512, 3),
    ),
    taps=(3, 8, 15, 22, 29),
    pool=2,
    files=("vgg16.safetensors", "vgg16-397923af.pth"),
)


class TappedBackbone(nn.Module):
    """The convolutional part of a network."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self._taps = backbone.taps
        built: list[nn.Module] = []
        inputs = 3
        for outputs, window, stride, padding in backbone.layers:
            if not outputs:
                built.append(nn.MaxPool2d(backbone.pool, stride=2))
                continue
            built += [nn.Conv2d(inputs, outputs, window, stride, padding), nn.ReLU(inplace=True)]
            inputs = outputs
        self.features = nn.Sequential(*built)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised -> the five taps, finest first."""
        taps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self._taps:
                taps.append(x)
        return taps


def load_tapped(backbone: Backbone, folder: Path) -> TappedBackbone:
    """From one of its files in a folder, else from the registry, where it is on this machine.

    Raises:
        WeightsError: there are none, they are damaged, or hold other tensors.
    """
    path = next((path for name in backbone.files if (path := folder / name).is_file()), None)
    network = TappedBackbone(backbone)
    tensors = _registered(backbone, folder) if path is None else hub.read_published(path)
    load_strictly(network, _own(tensors, network), where=str(path or backbone.registered))
    return network.eval()


def _registered(backbone: Backbone, folder: Path) -> dict[str, Tensor]:
    """The registered weights, if they are on this machine; a metric does not fetch them."""
    if not backbone.registered:
        hint = "put the ImageNet weights there"
        raise WeightsError(f"{folder / backbone.files[0]} does not exist", hint=hint)
    if hub.cached_path(backbone.registered) is None:
        raise WeightsError(
            f"{backbone.registered} (animate weights fetch {backbone.registered})",
            hint=hub.advice(backbone.registered),
        )
    return hub.load_published(backbone.registered)


def _own(tensors: dict[str, Tensor], network: TappedBackbone) -> dict[str, Tensor]:
    """The tensors of the features, with any prefix of their names removed."""
    bare = {f"features.{k.rpartition('features.')[2]}": v for k, v in tensors.items()}
    wanted = network.state_dict().keys()
    return {k: v for k, v in bare.items() if k in wanted}
