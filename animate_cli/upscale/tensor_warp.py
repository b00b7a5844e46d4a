"""The residual warp in 32-bit tensors: for GPUs, and the reference for tests of `remap`."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.grid import resize_grid, warp
from animate_cli.records import Image, Rendered


class TensorWarp:
    """out = ↑r + (1 - ↑M) ⊙ W(I - ↑i, ↑g), level by level, on any device."""

    def __init__(self, levels: tuple[Image, ...], device: torch.device | str) -> None:
        images = [
            torch.from_numpy(level).permute(2, 0, 1)[None].to(device, torch.float32)
            for level in levels
        ]
        self._residuals = [here - _up(below, here.shape[-1]) for below, here in pairwise(images)]

    def apply(self, rendered: Rendered, index: int) -> Image:
        """Frame `index` of a batch at full resolution, (N, N, 3) uint8."""
        one = slice(index, index + 1)
        image = (255 * rendered.face[one].float().clamp(0, 1)).round()  # (1, 3, S, S)
        for residual in self._residuals:
            size = residual.shape[-1]
            moved = residual
            if rendered.grid is not None:
                moved = warp(residual, resize_grid(rendered.grid[one].float(), size, size))
            if rendered.refine_mask is not None:
                moved = (1 - _up(rendered.refine_mask[one].float(), size)) * moved
            image = _up(image, size) + moved
        pixels = image[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8)
        return np.ascontiguousarray(pixels.cpu().numpy())


def _up(image: Tensor, size: int) -> Tensor:
    """↑: bilinear."""
    return F.interpolate(image, (size, size), mode="bilinear", align_corners=False)
