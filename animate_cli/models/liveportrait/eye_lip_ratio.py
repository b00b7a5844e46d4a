"""How far eyes and lips are open, from landmarks: what gapes over how wide it is."""

from __future__ import annotations

import torch
from torch import Tensor

EYES, MOUTH = slice(0, 2), slice(2, 3)
"""Which of the three numbers belong to what."""

_GAPS = ((68, 69), (70, 71), (62, 66))
_WIDTHS = ((36, 39), (42, 45), (48, 54))


def openness(landmarks: Tensor) -> Tensor:
    """Of the right eye, the left eye and the lips: (B, 74, 2) -> (B, 3)."""
    return _lengths(landmarks, _GAPS) / _lengths(landmarks, _WIDTHS).clamp_min(1e-6)


def _lengths(landmarks: Tensor, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    first, last = ([pair[end] for pair in pairs] for end in (0, 1))
    lengths: Tensor = torch.linalg.vector_norm(landmarks[:, first] - landmarks[:, last], dim=-1)
    return lengths
