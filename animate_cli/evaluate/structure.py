"""SSIM and MS-SSIM (Wang et al. 2004, 2003), as torchmetrics computes them.

x outputs (N, 3, H, W), y target (1, 3, H, W), in [0, 1] -> (N,)
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    structural_similarity_index_measure,
)

LEAST_SIDE = 11 * 2**4  # five scales of a window of eleven pixels


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity, 1 for equals."""
    same = y.expand_as(x)
    found = structural_similarity_index_measure(x, same, data_range=1.0, reduction="none")
    return cast("Tensor", found).reshape(len(x))


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """The same on five scales; NaN for pictures too small for them."""
    if min(x.shape[-2:]) < LEAST_SIDE:
        return torch.full((len(x),), torch.nan)
    same = y.expand_as(x)
    found: Tensor = multiscale_structural_similarity_index_measure(
        x, same, data_range=1.0, reduction="none"
    )
    return found.reshape(len(x))
