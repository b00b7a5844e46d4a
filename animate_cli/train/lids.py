"""How far eyes are open, in labels and in what a network finds."""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.faces.points import EYE_CORNERS, LEFT_LIDS, RIGHT_LIDS
from animate_cli.records import Points

SHUT = 0.15  # lids nearer than this share of the eye's width are shut


def is_shut(points: Points) -> bool:
    """Whether both eyes of a labelled face (74, 2) are shut."""
    where = torch.from_numpy(points)[None]
    return bool(lid_openings(where, where).amax() < SHUT)


def lid_openings(points: Tensor, target: Tensor) -> Tensor:
    """Found and true distance between the lids, in eye widths: (B, 74, 2) x 2 -> (2, 2B)."""
    rows = []
    for where in (points, target):
        gaps = [(where[:, a] - where[:, b]).norm(dim=-1) for a, b in (RIGHT_LIDS, LEFT_LIDS)]
        widths = [(where[:, a] - where[:, b]).norm(dim=-1) for a, b in EYE_CORNERS]
        rows.append(torch.cat(gaps) / torch.cat(widths).clamp_min(1e-6))
    return torch.stack(rows)


def slope(found_true: Tensor) -> float:
    """Slope of what was found over what is true: (2, N) -> 1 where differences are seen in full."""
    found, true = found_true - found_true.mean(dim=1, keepdim=True)
    return float((found * true).sum() / true.square().sum().clamp_min(1e-12))
