"""Convolutions by other ways are the same functions."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from animate_cli.layers.inference.fft_conv import TILE, FourierConv3d
from animate_cli.layers.inference.prepare import fuse_for_inference, use_fast_convs
from animate_cli.layers.inference.winograd import WinogradConv, is_wide


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(len(shape)))


@pytest.mark.parametrize("shape", [(1, 8, 4, 4), (2, 8, 5, 7), (1, 8, 16, 3), (1, 8, 1, 130)])
@pytest.mark.parametrize("bias", [True, False])
@torch.inference_mode()
def test_winograd_is_the_convolution(shape: tuple[int, ...], bias: bool) -> None:
    conv = nn.Conv2d(8, 6, 3, padding=1, bias=bias)
    torch.testing.assert_close(
        WinogradConv(conv)(noise(*shape)), conv(noise(*shape)), atol=2e-5, rtol=0
    )


@torch.inference_mode()
def test_winograd_in_strips() -> None:
    """So wide that one strip does not hold it."""
    conv, x = nn.Conv2d(128, 128, 3, padding=1), noise(1, 128, 40, 256)
    torch.testing.assert_close(WinogradConv(conv)(x), conv(x), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(4, 5), (TILE, TILE + 1), (2 * TILE + 3, 3)])
@torch.inference_mode()
def test_fourier_is_the_convolution(size: tuple[int, int]) -> None:
    conv = nn.Conv3d(3, 4, 7, padding=3)
    x = noise(2, 3, 5, *size)
    torch.testing.assert_close(FourierConv3d(conv, 5)(x), conv(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(128, 64, 3, padding=1),
        nn.Conv2d(128, 128, 3),
        nn.Conv2d(128, 128, 3, padding=1, stride=2),
        nn.Conv2d(128, 128, 3, padding=1, groups=2),
        nn.Conv2d(128, 128, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(128, 128, 5, padding=1),
    ],
)
def test_other_convolutions_stay(conv: nn.Conv2d) -> None:
    assert not is_wide(conv)
    assert is_wide(nn.Conv2d(128, 128, 3, padding=1))


def test_the_network_itself_is_left_alone() -> None:
    network = nn.Sequential(nn.Conv2d(128, 128, 3, padding=1))
    quick = use_fast_convs(fuse_for_inference(network))
    assert isinstance(network[0], nn.Conv2d)
    assert isinstance(quick[0], WinogradConv)
