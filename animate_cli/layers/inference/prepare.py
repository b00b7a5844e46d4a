"""A network fused for inference: everything that does not depend on the input is computed once.

    normalisation after a convolution   becomes part of it
    enlarging before a convolution      becomes a transposed convolution (`layers.upsample_conv`)
    spectral normalisation              becomes the weight that it stands for
    a module with a `fused` method      becomes the module that it returns (`Fusable`)

Tensor names change, so weights are loaded before.
"""

from __future__ import annotations

from typing import Protocol, TypeVar, cast, runtime_checkable

from torch import nn
from torch.nn.utils import remove_spectral_norm
from torch.nn.utils.spectral_norm import SpectralNorm

from animate_cli.layers.inference.fft_conv import LEAST_TAPS, FourierConv3d
from animate_cli.layers.inference.fuse_batch_norm import fuse_batch_norm
from animate_cli.layers.inference.winograd import WinogradConv, is_wide
from animate_cli.layers.upsample_conv import UpsampleConv2d, UpsampleConv3d, as_transposed_conv

Network = TypeVar("Network", bound=nn.Module)


@runtime_checkable
class Fusable(Protocol):
    """A module that knows a faster module for inference."""

    def fused(self) -> nn.Module:
        """The same function, computed faster."""
        ...


FUSED = {"conv": "norm", "conv1": "norm2", "compress": "norm"}
"""Convolutions -> the normalisations that directly follow them, in every module with both."""


def fuse_for_inference(network: Network) -> Network:
    """A copy that computes the same up to rounding."""
    fused = fuse_batch_norm(network, FUSED)
    for parent in list(fused.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Fusable):
                setattr(parent, name, child.fused())
    for parameter in fused.parameters():
        parameter.requires_grad = False
    for parent in list(fused.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, UpsampleConv2d | UpsampleConv3d):
                setattr(parent, name, as_transposed_conv(child))
        hooks = parent._forward_pre_hooks.values()
        if any(isinstance(hook, SpectralNorm) for hook in hooks):
            remove_spectral_norm(parent)
    return cast(Network, fused)


def use_fast_convs(network: Network, *, depth: int = 0) -> Network:
    """Convolutions of many channels by Winograd, of many taps by FFT; replaced in place.

    depth: of the volumes that the network computes. The results differ by rounding, some 1e-5.
    """
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and is_wide(child):
                setattr(parent, name, WinogradConv(child))
            elif isinstance(child, nn.Conv3d) and child.kernel_size[0] >= LEAST_TAPS:
                setattr(parent, name, FourierConv3d(child, depth))
    return network
