"""A smooth ramp from 0 to 1."""

from __future__ import annotations

from torch import Tensor


def smooth_step(ratio: Tensor) -> Tensor:
    """0 at and below 0, 1 at and above 1, flat at both ends."""
    t = ratio.clamp(0, 1)
    return t * t * (3 - 2 * t)
