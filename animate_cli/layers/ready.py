"""A published network as it is used: evaluated, and nothing computed that is known beforehand.

    normalisation after a convolution   becomes part of it
    enlarging before a convolution      becomes a transposed convolution (`layers.nearest`)
    spectral normalisation              becomes the weight that it stands for

The names of its tensors change by that, so weights are loaded before.
"""

from __future__ import annotations

from typing import TypeVar, cast

from torch import nn
from torch.nn.utils import remove_spectral_norm
from torch.nn.utils.spectral_norm import SpectralNorm

from animate_cli.layers.fuse import fold_batch_norm
from animate_cli.layers.nearest import EnlargingConv2d, EnlargingConv3d, without_enlarging

Network = TypeVar("Network", bound=nn.Module)

FOLDED = {"conv": "norm", "conv1": "norm2", "compress": "norm"}
"""Convolutions and the normalisations that directly follow them, wherever both are."""


def ready(network: Network) -> Network:
    """A copy that computes the same up to rounding."""
    folded = fold_batch_norm(network, FOLDED)
    for parameter in folded.parameters():
        parameter.requires_grad = False
    for parent in list(folded.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, EnlargingConv2d | EnlargingConv3d):
                setattr(parent, name, without_enlarging(child))
        hooks = parent._forward_pre_hooks.values()
        if any(isinstance(hook, SpectralNorm) for hook in hooks):
            remove_spectral_norm(parent)
    return cast(Network, folded)
