"""How far eyes and lips are open, from landmarks: what gapes over how wide it is."""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.faces.aperture import aperture, distance

EYES, MOUTH = slice(0, 2), slice(2, 3)
"""Which of the three numbers belong to what."""

_GAPS = ((68, 69), (70, 71), (62, 66))
_WIDTHS = ((36, 39), (42, 45), (48, 54))


def openness(landmarks: Tensor) -> Tensor:
    """Of the right eye, the left eye and the lips: (B, 74, 2) -> (B, 3)."""
    ratios = [
        aperture(landmarks, (gap,), unit=distance(landmarks, ends))
        for gap, ends in zip(_GAPS, _WIDTHS, strict=True)
    ]
    return torch.stack(ratios, dim=-1)
