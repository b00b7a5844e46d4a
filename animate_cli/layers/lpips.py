"""LPIPS: what a metric and a loss share of it.

Zhang et al. 2018, *The Unreasonable Effectiveness of Deep Features as a Perceptual Metric*, eq. 1
and version 0.1 of its linear heads:

    d(x, y) = Σ_l 1/(H_l W_l) Σ_hw ‖ w_l ⊙ (x̂_l,hw − ŷ_l,hw) ‖²    x̂: channels of unit length

with w² written as one non-negative weight per channel.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.squeezenet import TAPS

HEADS_FILE = "lpips_heads_v0.1.safetensors"


def unit(features: Tensor, *, floor: float) -> Tensor:
    """x̂: channels of unit length, those far shorter than `floor` left near zero, where the slope
    is at most 1 / floor.

    (B, C, H, W), same shape; fp32 at least.
    """
    wide = features if features.dtype.itemsize >= 4 else features.float()
    return wide / (wide.square().sum(dim=1, keepdim=True) + floor**2).sqrt()


def distance(one: Tensor, other: Tensor, weight: Tensor) -> Tensor:
    """The addend of one layer: x̂, ŷ (B, C, H, W), w² (C,) -> (B,)."""
    return (one - other).square().mean(dim=(2, 3)) @ weight


def load_heads(folder: Path) -> list[Tensor]:
    """w² of the seven SqueezeNet layers, out of `HEADS_FILE`.

    Raises:
        WeightsError: the file is missing or holds other tensors.
    """
    path = folder / HEADS_FILE
    if not path.is_file():
        raise WeightsError(f"{path} does not exist", hint="LPIPS needs this file")
    tensors = hub.read(path)[1]
    try:
        return [tensors[f"squeeze.lin{index}"].float() for index in range(len(TAPS))]
    except KeyError as error:
        hint = "give the heads of LPIPS 0.1"
        raise WeightsError(f"{path} has no tensor {error}", hint=hint) from error
