"""Edge fade: the learned correction of the grid fades out towards the square's open edges.

Ours. An edge is open if it lies inside the photo. The photo outside the square does not move, so a
correction at such an edge would show as a seam. The prior fades out by itself
(`models.thin_plate.model`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.layers.smoothstep import smooth_step
from animate_cli.records import OpenEdges

EDGE_FADE = 0.094  # width of the band in which the correction fades, in sides of the square


def correction_weight(open_edges: OpenEdges, size: int) -> Tensor:
    """0 at open edges, 1 from `EDGE_FADE` of the side on: (1, S, S, 2), shaped like a grid."""
    across = _along_axis(size, first=open_edges.left, last=open_edges.right)
    down = _along_axis(size, first=open_edges.top, last=open_edges.bottom)
    return (down[:, None] * across)[None, :, :, None].repeat(1, 1, 1, 2)


def _along_axis(size: int, *, first: bool, last: bool) -> Tensor:
    """The weight along one axis whose first or last edge is open: (S,)."""
    fade = smooth_step(torch.arange(size) / (EDGE_FADE * size))
    weight = fade if first else torch.ones(size)
    return weight * fade.flip(0) if last else weight
