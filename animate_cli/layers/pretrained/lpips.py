"""LPIPS: the distance of deep features that both the metric and the loss use.

Zhang et al. 2018, *The Unreasonable Effectiveness of Deep Features as a Perceptual Metric*, eq. 1
and version 0.1 of its linear layers:

    d(x, y) = Σ_l 1/(H_l W_l) Σ_hw ‖ w_l ⊙ (x̂_l,hw − ŷ_l,hw) ‖²    x̂: channels of unit length

with w² written as one non-negative weight per channel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.pretrained.squeezenet import TAPS

LINEAR_FILE = "lpips_heads_v0.1.safetensors"


def unit(features: Tensor, *, floor: float) -> Tensor:
    """x̂: channels of unit length; vectors far shorter than `floor` stay near zero, where the slope
    is at most 1 / floor.

    (B, C, H, W), same shape; fp32 at least.
    """
    precise = _as_float32(features)
    return precise / _length(precise, floor)


def distance(features: Tensor, target: Tensor, weight: Tensor, *, floor: float) -> Tensor:
    """The addend of one layer: features x and target ŷ (B, C, H, W), w² (C,) -> (B,).

    Differentiable by the features, once; the target and the linear layers are data.
    """
    addend: Tensor = _Distance.apply(features, target, weight, floor)  # type: ignore[no-untyped-call]
    return addend


class _Distance(torch.autograd.Function):
    """The distance with a gradient by hand, which passes over memory half as often as autograd's.

    d = Σ_c w² (x̂ − ŷ)², s = ∂d/∂x̂  ->  ∂d/∂x = (s − x̂ ⟨x̂, s⟩) / |x|
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor, weight: Tensor, floor: float) -> Tensor:
        precise = _as_float32(features)
        length = _length(precise, floor)
        direction = precise / length
        difference = direction - target
        ctx.save_for_backward(direction, difference, length, weight)
        ctx.dtype = features.dtype
        return (difference.square().mean(dim=(2, 3)) * weight).sum(dim=1)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None]:
        direction, difference, length, weight = ctx.saved_tensors
        per_sample = 2 / (difference.shape[2] * difference.shape[3]) * slopes[0]
        slope = difference * (per_sample[:, None] * weight)[:, :, None, None]
        along = (slope * direction).sum(dim=1, keepdim=True)
        slope = slope.addcmul_(direction, along, value=-1).div_(length)
        return slope.to(ctx.dtype), None, None, None


def _as_float32(features: Tensor) -> Tensor:
    return features if features.dtype.itemsize >= 4 else features.float()


def _length(features: Tensor, floor: float) -> Tensor:
    """√(|x|² + floor²) per position: (B, C, H, W) -> (B, 1, H, W)."""
    length: Tensor = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    return (length.square() + floor**2).sqrt()


def load_heads(folder: Path, network: str = "squeeze", count: int = len(TAPS)) -> list[Tensor]:
    """w² of a network's layers, out of `LINEAR_FILE`; network: squeeze (the default), alex or vgg.

    Raises:
        WeightsError: the file is missing or holds other tensors.
    """
    path = folder / LINEAR_FILE
    if not path.is_file():
        raise WeightsError(f"{path} does not exist", hint="LPIPS needs this file")
    tensors = hub.read(path)[1]
    try:
        return [tensors[f"{network}.lin{index}"].float() for index in range(count)]
    except KeyError as error:
        hint = "give the heads of LPIPS 0.1"
        raise WeightsError(f"{path} has no tensor {error}", hint=hint) from error
