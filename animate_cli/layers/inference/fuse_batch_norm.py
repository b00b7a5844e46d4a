"""Batch normalisation, fused into the convolution before it: the same function, less work."""

from __future__ import annotations

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fuse_batch_norm(network: nn.Module, pairs: dict[str, str]) -> nn.Module:
    """A copy of an evaluated network in which each named pair has become one convolution.

    pairs: name of a convolution -> name of the normalisation that directly follows it, both
    within the same parent module, wherever a parent holds both.
    """
    fused = copy.deepcopy(network).eval()
    for parent in list(fused.modules()):
        children = dict(parent.named_children())
        for conv_name, norm_name in pairs.items():
            conv, norm = children.get(conv_name), children.get(norm_name)
            if isinstance(conv, _CONVS) and isinstance(norm, _NORMS):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity())
    return fused


_CONVS = (nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)
