"""Add_Motion: the motion of landmarks is added to a feature map.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.2,
"Add_Motion layer for motion transfer".

    symbol      | name     | shape        | equation
    D_lm − S_lm | motion   | (B, K, 2)    | input, normalised: driver's less source's landmarks
    W           | project  | 2K -> C h w  | a fully connected layer, without bias
    x           | x        | (B, C, h, w) | the hidden representation at the bottleneck
                | AddMotion | (B, C, h, w) | x + W (D_lm − S_lm)

Departures from the paper
    size   where x is larger or smaller than the layer's own h x w, the added map is resized
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class AddMotion(nn.Module):
    """x + FC(driver − source). At other sizes than its own h = w = `size` the map is resized."""

    def __init__(self, points: int, channels: int, size: int) -> None:
        super().__init__()
        self._shape = (channels, size, size)
        self.project = nn.Linear(2 * points, channels * size * size, bias=False)

    def forward(self, x: Tensor, motion: Tensor) -> Tensor:
        """x (B, C, h, w), motion (B, K, 2) normalised -> (B, C, h, w)."""
        added: Tensor = self.project(motion.flatten(1)).unflatten(1, self._shape)
        if added.shape[-2:] != x.shape[-2:]:
            added = F.interpolate(added, x.shape[-2:], mode="bilinear", align_corners=False)
        return x + added
