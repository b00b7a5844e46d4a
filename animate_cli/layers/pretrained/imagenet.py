"""Normalise pictures for networks that were trained on ImageNet.

LPIPS states the same numbers for pictures in [-1, 1]: shift -.030 -.088 -.188, scale .458 .448
.450.
"""

from __future__ import annotations

from torch import Tensor

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def normalise(pictures: Tensor) -> Tensor:
    """RGB in [0, 1] -> mean 0, deviation 1 over ImageNet: (B, 3, H, W), same shape."""
    mean, deviation = (pictures.new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
    return (pictures - mean) / deviation
