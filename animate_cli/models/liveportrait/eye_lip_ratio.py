"""Openness of eyes and lips, from landmarks: the gap over the width.

Guo et al. 2024, *LivePortrait*, section 3.3: the conditions of eyes and lips retargeting.
"""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.faces.aperture import aperture, distance

EYES, MOUTH = slice(0, 2), slice(2, 3)
"""Which of the three ratios belong to the eyes, and which to the mouth."""

_GAPS = ((68, 69), (70, 71), (62, 66))
_WIDTHS = ((36, 39), (42, 45), (48, 54))


def openness(landmarks: Tensor) -> Tensor:
    """Of the right eye, the left eye and the lips: (B, 74, 2) -> (B, 3)."""
    ratios = [
        aperture(landmarks, (gap,), unit=distance(landmarks, ends))
        for gap, ends in zip(_GAPS, _WIDTHS, strict=True)
    ]
    return torch.stack(ratios, dim=-1)
