"""Add_Motion: landmark motion straight into a hidden representation.

Zhao et al. 2021, section 3.2: (driver − source) landmarks through one fully connected layer,
reshaped to C x h x w and added at the bottleneck.
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
