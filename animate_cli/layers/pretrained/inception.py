"""Inception v3 as FID uses it: the TensorFlow network of 2015-12-05.

Szegedy et al. 2016, *Rethinking the Inception Architecture for Computer Vision*; weights as
pytorch-fid converted them, with torchvision's tensor names.

    symbol | name     | shape         | equation
    x      | pictures | (B, 3, H, W)  | RGB in [0, 1]; resized to 299 x 299, then to [-1, 1]
    f      | features | (B, 2048)     | means of the last block's maps

Departures from the paper, as in the TensorFlow graph
    pools       average pools leave their padding out of the mean
    last block  it pools by the maximum
    classifier  it is not built
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.weight_io import load_strictly

FILE = "pt_inception-2015-12-05-6726825d.pth"
REGISTERED = "inception"
SIZE, FEATURES = 299, 2048
_UNUSED = ("fc.", "AuxLogits.")

Pool = Callable[[Tensor], Tensor]
Window = int | tuple[int, int]
Spec = tuple[str, int, Window, int]
"""Of a convolution: name, outputs, window, stride (2: sides are cut short, 1: kept)."""

_MEAN: Pool = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)
_MOST: Pool = partial(F.max_pool2d, kernel_size=3, stride=1, padding=1)
_HALF: Pool = partial(F.max_pool2d, kernel_size=3, stride=2)
_WIDE, _HIGH = (1, 7), (7, 1)


class Unit(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, window: Window, stride: int, pad: Window) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, window, stride, pad, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H', W')."""
        return F.relu_(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Branches side by side: chains of convolutions, whose last one may be a fork, and a pool."""

    def __init__(self, inputs: int, chains: tuple[tuple[Spec, ...], ...], pool: Pool) -> None:
        """A chain's name that ends in "a" begins a fork: it and the next one read the same."""
        super().__init__()
        self._chains = [[name for name, *_ in chain] for chain in chains]
        self._pool = pool
        for chain in chains:
            width = before = inputs
            for name, outputs, window, stride in chain:
                read = before if name.endswith("b") else width
                before, width = read, outputs
                pad = _half_of(window) if stride == 1 else 0
                self.add_module(name, Unit(read, outputs, window, stride, pad))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W')."""
        branches = []
        for chain in self._chains:
            is_pool = chain == ["branch_pool"]
            y = before = self._pool(x) if is_pool else x
            ends = []
            for name in chain:
                if name.endswith("b"):
                    y = before
                before = y
                y = self.get_submodule(name)(y)
                if name.endswith(("a", "b")):
                    ends.append(y)
            branches += ends or [y]
        if ["branch_pool"] not in self._chains:
            branches.append(self._pool(x))
        return torch.cat(branches, dim=1)


class Inception(nn.Module):
    """Up to the last mean; frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Unit(3, 32, 3, 2, 0)
        self.Conv2d_2a_3x3 = Unit(32, 32, 3, 1, 0)
        self.Conv2d_2b_3x3 = Unit(32, 64, 3, 1, 1)
        self.Conv2d_3b_1x1 = Unit(64, 80, 1, 1, 0)
        self.Conv2d_4a_3x3 = Unit(80, 192, 3, 1, 0)
        self.Mixed_5b = Mixed(192, _fives(32), _MEAN)
        self.Mixed_5c = Mixed(256, _fives(64), _MEAN)
        self.Mixed_5d = Mixed(288, _fives(64), _MEAN)
        self.Mixed_6a = Mixed(288, _SIX_A, _HALF)
        self.Mixed_6b = Mixed(768, _sixes(128), _MEAN)
        self.Mixed_6c = Mixed(768, _sixes(160), _MEAN)
        self.Mixed_6d = Mixed(768, _sixes(160), _MEAN)
        self.Mixed_6e = Mixed(768, _sixes(192), _MEAN)
        self.Mixed_7a = Mixed(768, _SEVEN_A, _HALF)
        self.Mixed_7b = Mixed(1280, _SEVENS, _MEAN)
        self.Mixed_7c = Mixed(2048, _SEVENS, _MOST)

    @torch.inference_mode()
    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] -> (B, 2048)."""
        x = F.interpolate(pictures, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(2 * x - 1)))
        x = _HALF(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(_HALF(x))))
        for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = self.get_submodule(f"Mixed_{name}")(x)
        return x.mean(dim=(2, 3))


def load_inception(folder: Path | None) -> Inception:
    """From its file in a folder, else from the registry, where it is on this machine.

    Raises:
        WeightsError: it is in neither, is damaged, or holds other tensors.
    """
    path = None if folder is None else folder / FILE
    if path is not None and path.is_file():
        tensors = hub.read_published(path)
    elif hub.cached_path(REGISTERED) is not None:
        tensors = hub.load_published(REGISTERED)
    else:  # a metric does not fetch a hundred megabytes
        message = f"{REGISTERED} (animate weights fetch {REGISTERED})"
        raise WeightsError(message, hint=hub.advice(REGISTERED))
    network = Inception()
    used = {name: value for name, value in tensors.items() if not name.startswith(_UNUSED)}
    load_strictly(network, used, where=str(path or REGISTERED))
    return network.eval().requires_grad_(requires_grad=False)


def _half_of(window: Window) -> Window:
    return window // 2 if isinstance(window, int) else (window[0] // 2, window[1] // 2)


def _fives(pooled: int) -> tuple[tuple[Spec, ...], ...]:
    return (
        (("branch1x1", 64, 1, 1),),
        (("branch5x5_1", 48, 1, 1), ("branch5x5_2", 64, 5, 1)),
        (
            ("branch3x3dbl_1", 64, 1, 1),
            ("branch3x3dbl_2", 96, 3, 1),
            ("branch3x3dbl_3", 96, 3, 1),
        ),
        (("branch_pool", pooled, 1, 1),),
    )


def _sixes(width: int) -> tuple[tuple[Spec, ...], ...]:
    return (
        (("branch1x1", 192, 1, 1),),
        (
            ("branch7x7_1", width, 1, 1),
            ("branch7x7_2", width, _WIDE, 1),
            ("branch7x7_3", 192, _HIGH, 1),
        ),
        (
            ("branch7x7dbl_1", width, 1, 1),
            ("branch7x7dbl_2", width, _HIGH, 1),
            ("branch7x7dbl_3", width, _WIDE, 1),
            ("branch7x7dbl_4", width, _HIGH, 1),
            ("branch7x7dbl_5", 192, _WIDE, 1),
        ),
        (("branch_pool", 192, 1, 1),),
    )


_SIX_A: tuple[tuple[Spec, ...], ...] = (
    (("branch3x3", 384, 3, 2),),
    (("branch3x3dbl_1", 64, 1, 1), ("branch3x3dbl_2", 96, 3, 1), ("branch3x3dbl_3", 96, 3, 2)),
)
_SEVEN_A: tuple[tuple[Spec, ...], ...] = (
    (("branch3x3_1", 192, 1, 1), ("branch3x3_2", 320, 3, 2)),
    (
        ("branch7x7x3_1", 192, 1, 1),
        ("branch7x7x3_2", 192, _WIDE, 1),
        ("branch7x7x3_3", 192, _HIGH, 1),
        ("branch7x7x3_4", 192, 3, 2),
    ),
)
_SEVENS: tuple[tuple[Spec, ...], ...] = (
    (("branch1x1", 320, 1, 1),),
    (
        ("branch3x3_1", 384, 1, 1),
        ("branch3x3_2a", 384, (1, 3), 1),
        ("branch3x3_2b", 384, (3, 1), 1),
    ),
    (
        ("branch3x3dbl_1", 448, 1, 1),
        ("branch3x3dbl_2", 384, 3, 1),
        ("branch3x3dbl_3a", 384, (1, 3), 1),
        ("branch3x3dbl_3b", 384, (3, 1), 1),
    ),
    (("branch_pool", 192, 1, 1),),
)
