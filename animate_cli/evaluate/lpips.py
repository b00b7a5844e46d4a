"""LPIPS: a perceptual distance between pictures, with a SqueezeNet behind it.

Zhang et al. 2018, *The Unreasonable Effectiveness of Deep Features as a Perceptual Metric*, eq. 1
and version 0.1 of its linear heads:

    d(x, y) = Σ_l 1/(H_l W_l) Σ_hw ‖ w_l ⊙ (x̂_l,hw − ŷ_l,hw) ‖²    x̂: channels of unit length

with w² written as one non-negative weight per channel.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from animate_cli.errors import WeightsError
from animate_cli.layers.squeezenet import TAPS, SqueezeNetFeatures
from animate_cli.layers.state import fill

_SHIFT = (-0.030, -0.088, -0.188)  # of pictures in [-1, 1]
_SCALE = (0.458, 0.448, 0.450)
_SMALLEST = 1e-10


class Lpips(nn.Module):
    """LPIPS-Squeeze; its weights are files of a folder, see `load_lpips`."""

    _shift: Tensor
    _scale: Tensor

    def __init__(self, heads: list[Tensor]) -> None:
        super().__init__()
        self.network = SqueezeNetFeatures()
        self.register_buffer("_shift", torch.tensor(_SHIFT).view(1, 3, 1, 1))
        self.register_buffer("_scale", torch.tensor(_SCALE).view(1, 3, 1, 1))
        self._heads = heads

    @torch.inference_mode()
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Distance of each pair: x, y (B, 3, H, W) in [0, 1] -> (B,)."""
        total = x.new_zeros(len(x))
        pairs = zip(self._features(x), self._features(y), self._heads, strict=True)
        for one, other, weight in pairs:
            square = (_unit(one) - _unit(other)).square()
            total += (square * weight.view(1, -1, 1, 1)).sum(dim=1).mean(dim=(1, 2))
        return total

    def _features(self, pictures: Tensor) -> list[Tensor]:
        taps: list[Tensor] = self.network((2 * pictures - 1 - self._shift) / self._scale)
        return taps


def load_lpips(folder: Path) -> Lpips:
    """LPIPS-Squeeze from `squeezenet1_1_fp16.safetensors` and `lpips_heads_v0.1.safetensors`.

    Raises:
        WeightsError: a file is missing or holds other tensors.
    """
    backbone, heads = (
        folder / "squeezenet1_1_fp16.safetensors",
        folder / "lpips_heads_v0.1.safetensors",
    )
    for path in (backbone, heads):
        if not path.is_file():
            raise WeightsError(f"{path} does not exist", hint="LPIPS needs this file")
    linear = load_file(heads)
    metric = Lpips([linear[f"squeeze.lin{i}"].float() for i in range(len(TAPS))])
    features = {k: v for k, v in load_file(backbone).items() if k.startswith("features.")}
    fill(metric.network, features, where=str(backbone))
    return metric.eval()


def _unit(features: Tensor) -> Tensor:
    """Channels of unit length."""
    length: Tensor = features.square().sum(dim=1, keepdim=True).sqrt()
    return features / (length + _SMALLEST)
