"""Enlarging by repetition and convolving: the short way is the long way."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from animate_cli.layers.upsample_conv import UpsampleConv2d, UpsampleConv3d, as_transposed_conv

CASES = [
    (UpsampleConv2d(3, 5), (2, 3, 7, 4)),
    (UpsampleConv2d(3, 5, times=1), (2, 3, 7, 4)),
    (UpsampleConv2d(3, 5, times=3), (2, 3, 2, 4)),
    (UpsampleConv2d(3, 5, times=4), (2, 3, 7, 4)),
    (UpsampleConv3d(3, 5), (2, 3, 4, 5, 3)),
]


@pytest.mark.parametrize(("conv", "shape"), CASES)
@torch.inference_mode()
def test_the_short_way_is_the_long_way(
    conv: UpsampleConv2d | UpsampleConv3d, shape: tuple[int, ...]
) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(as_transposed_conv(conv)(x), conv(x), atol=1e-6, rtol=1e-5)


@torch.inference_mode()
def test_every_pixel_is_seen_twice() -> None:
    conv = UpsampleConv2d(1, 1)
    conv.weight.fill_(0.0)
    conv.weight[0, 0, 1, 1] = 1.0
    conv.bias = None
    x = torch.arange(6.0).view(1, 1, 2, 3)
    expected: Tensor = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(as_transposed_conv(conv)(x), expected)
