"""Temporal flicker: changes from frame to frame that the driver's do not have.

    flicker = mean | (x_t - x_t-1) - (y_t - y_t-1) |        x output, y target, in [0, 1]

An error that is the same in both frames does not count. A still output scores the driver's own
changes.
"""

from __future__ import annotations

from torch import Tensor


def flicker(outputs: Tensor, target: Tensor) -> Tensor:
    """Two consecutive frames: outputs (2, N, 3, H, W), target (2, 1, 3, H, W) -> (N,)."""
    change = (outputs[1] - outputs[0]) - (target[1] - target[0])
    return change.abs().mean(dim=(1, 2, 3))
