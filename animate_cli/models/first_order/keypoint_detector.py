"""The key point detector of the first-order model: learned key points and their local motion.

Siarohin et al. 2019, *First Order Motion Model for Image Animation*, section 3.1.

    symbol | name      | shape           | equation
    I      | image     | (B, 3, S, S)    | RGB in [0, 1]
    W_k    | weights   | (B, 10, h w)    | softmax of the logits over temperature 0.1; sums to 1
    p_k    | value     | (B, 10, 2)      | Σ W_k z, corner-normalised (`layers.grid.corner_grid`)
    J_k    | jacobian  | (B, 10, 2, 2)   | eq. 4: at p_k, from the reference frame to the picture

Departures from the paper: none; sizes are those of the published vox-256 weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.fomm_blocks import FommHourglass
from animate_cli.layers.grid import corner_grid

POINTS = 10
SHRINK = 4  # key points are read from a quarter of the picture's side
_TEMPERATURE = 0.1
_KERNEL, _SIGMA = 13, 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyPoints:
    """value (B, 10, 2), jacobian (B, 10, 2, 2)."""

    value: Tensor
    jacobian: Tensor


class Shrink(nn.Module):
    """A Gaussian, then every fourth pixel: (B, 3, H, W) -> (B, 3, H/4, W/4)."""

    weight: Tensor

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        at = torch.arange(_KERNEL, dtype=torch.float32) - (_KERNEL - 1) / 2
        bell = torch.exp(-at.square() / (2 * _SIGMA**2))
        kernel = bell[:, None] * bell
        kernel = (kernel / kernel.sum()).expand(channels, 1, _KERNEL, _KERNEL)
        self.register_buffer("weight", kernel.contiguous())

    def forward(self, image: Tensor) -> Tensor:
        """Padded with zeros."""
        return F.conv2d(
            image, self.weight, stride=SHRINK, padding=_KERNEL // 2, groups=len(self.weight)
        )


class KeyPointDetector(nn.Module):
    """A picture -> its key points."""

    def __init__(self) -> None:
        super().__init__()
        self.predictor = FommHourglass(3, 32)
        self.kp = nn.Conv2d(self.predictor.features, POINTS, 7)
        self.jacobian = nn.Conv2d(self.predictor.features, 4 * POINTS, 7)
        self.down = Shrink()

    def forward(self, image: Tensor) -> KeyPoints:
        """(B, 3, S, S) in [0, 1] -> key points and jacobians."""
        features = self.predictor(self.down(image))
        return read_points(self.kp(features), self.jacobian(features))


def read_points(logits: Tensor, jacobians: Tensor) -> KeyPoints:
    """Expectations under the heatmaps: logits (B, 10, h, w), jacobians (B, 40, h, w)."""
    batch, _, height, width = logits.shape
    weights = torch.softmax(logits.flatten(2) / _TEMPERATURE, dim=2)  # (B, 10, h * w)
    places = corner_grid(height, width, device=logits.device).flatten(0, 2).to(logits.dtype)
    jacobian = jacobians.view(batch, POINTS, 4, -1) @ weights[..., None]  # (B, 10, 4, 1)
    return KeyPoints(value=weights @ places, jacobian=jacobian.view(batch, POINTS, 2, 2))
