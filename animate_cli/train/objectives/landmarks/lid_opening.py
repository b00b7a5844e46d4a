"""Apertures of the eyes in labels and in a network's points, and how well they agree."""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.faces.aperture import aperture, distance
from animate_cli.faces.points import EYE_CORNERS, LEFT_LIDS, RIGHT_LIDS
from animate_cli.records import Points

EYES = tuple(zip((RIGHT_LIDS, LEFT_LIDS), EYE_CORNERS, strict=True))
"""Of each eye the points of its lids, and its corners."""
SHUT = 0.15  # lids nearer than this share of the eye's width are shut


def is_shut(points: Points) -> bool:
    """Whether both eyes of a labelled face (74, 2) are shut; not where either is unlabelled."""
    where = torch.from_numpy(points)[None]
    known = where.isfinite().all(dim=-1)
    openings = lid_openings(where, where, known)[0]
    return len(openings) == len(EYES) and bool(openings.amax() < SHUT)


def lid_openings(points: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Found and true distance between the lids, in eye widths, of the eyes that are labelled.

    points, target (B, 74, 2), known (B, 74) -> (2, N), N <= 2 B
    """
    rows = []
    for where in (points, target):
        eyes = [aperture(where, (lids,), unit=distance(where, ends)) for lids, ends in EYES]
        rows.append(torch.cat(eyes))
    is_labelled = torch.cat([known[:, [*lids, *ends]].all(dim=1) for lids, ends in EYES])
    return torch.stack(rows)[:, is_labelled]


def slope(found_true: Tensor) -> float:
    """Slope of the regression of found on true apertures: (2, N) -> scalar.

    1 if the network reproduces differences in full, less if it flattens them; NaN without labels.
    """
    if not found_true.shape[1]:
        return float("nan")
    found, true = found_true - found_true.mean(dim=1, keepdim=True)
    return float((found * true).sum() / true.square().sum().clamp_min(1e-12))
