"""Colours of image tensors."""

from __future__ import annotations

from torch import Tensor


def grey(images: Tensor) -> Tensor:
    """RGB (B, 3, H, W) -> (B, 1, H, W), by the weights of ITU-R BT.601."""
    weights = images.new_tensor((0.299, 0.587, 0.114))
    return (images * weights[:, None, None]).sum(dim=1, keepdim=True)
