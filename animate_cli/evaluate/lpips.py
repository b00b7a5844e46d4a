"""LPIPS, a perceptual distance between pictures, with a SqueezeNet behind it: `layers.lpips`."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from animate_cli.layers.imagenet import normalise
from animate_cli.layers.lpips import distance, load_heads, unit
from animate_cli.layers.squeezenet import SqueezeNetFeatures, load_squeezenet

_SMALLEST = 1e-10  # a length, as LPIPS 0.1 has it


class Lpips(nn.Module):
    """LPIPS-Squeeze; its weights are files of a folder, see `load_lpips`."""

    def __init__(self, heads: list[Tensor]) -> None:
        super().__init__()
        self.network = SqueezeNetFeatures()
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
    network = load_squeezenet(folder)
    metric = Lpips(load_heads(folder))
    metric.network = network
    return metric.eval()
