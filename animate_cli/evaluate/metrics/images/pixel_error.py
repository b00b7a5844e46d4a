"""Images compared pixel by pixel: L1 and PSNR.

x (N, 3, H, W): outputs, y (1 or N, 3, H, W): target, in [0, 1] -> (N,)
"""

from __future__ import annotations

import torch
from torch import Tensor

MOST_DB = 100.0  # of equal images


def l1(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference."""
    return (x - y).abs().mean(dim=(1, 2, 3))


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB, at most `MOST_DB`."""
    error = (x - y).square().mean(dim=(1, 2, 3))
    return (-10 * torch.log10(error.clamp_min(1e-30))).clamp_max(MOST_DB)
