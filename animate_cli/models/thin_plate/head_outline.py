"""Points around the face that no landmark names: skull, neck, shoulders, hair and air.

Ours. They move with the rigid head (`faces.shape3d.rigid_head`); where the driver's body was
tracked, its own motion is added (`faces.tracking.body_motion`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.faces.shape3d import rigid_head as head


class HeadOutline:
    """Landmarks in source and output -> control points around the face, and their displacement."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._follows = _column(head.OUTLINE_FOLLOWS, device)
        self._rests = _column(head.OUTLINE_RESTS, device)
        self._body_follows = _column(head.BODY_FOLLOWS, device)
        self._fit = head.camera_fit(device)

    def __call__(
        self, source_px: Tensor, output_px: Tensor, body: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Positions in the source, skull first, and displacements: (B, N, 2) px twice.

        source_px, output_px (B, 74, 2): landmarks; body (B, 26, 2): in units of the head, None: it
        was not tracked.
        """
        here, there = (head.cameras(points, self._fit) for points in (source_px, output_px))
        places = head.outline(here)
        rests = self._rests * length(across_eyes(source_px))
        moved = _excess(self._follows * (head.outline(there) - places), rests)
        if body is None:
            return places, moved
        seen = head.outline(here, head.BODY_XYZ)
        ruled = self._body_follows * (head.outline(there, head.BODY_XYZ) - seen)
        places, moved = (_without_neck(points) for points in (places, moved))
        return torch.cat((places, seen), dim=1), torch.cat(
            (moved, ruled + head.scale(here) * body), dim=1
        )


def across_eyes(points: Tensor) -> Tensor:
    """From the right to the left outer eye corner: (B, 74, 2) -> (B, 1, 2)."""
    right, left = OUTER_EYE_CORNERS
    return (points[:, left] - points[:, right])[:, None]


def length(vectors: Tensor) -> Tensor:
    """(..., 2) -> (..., 1)."""
    return vectors.square().sum(dim=-1, keepdim=True).sqrt()


def _column(numbers: Sequence[float], device: torch.device | str) -> Tensor:
    """(N, 1)"""
    return torch.tensor(numbers, device=device)[:, None]


def _without_neck(points: Tensor) -> Tensor:
    """Outline points (B, N, 2) without the neck's, which are among the body's, too."""
    return torch.cat((points[:, : head.NECK.start], points[:, head.NECK.stop :]), dim=1)


def _excess(vectors: Tensor, rest: Tensor) -> Tensor:
    """Vectors (..., 2) shortened by a length (..., 1); zero where they are no longer than it."""
    size = length(vectors)
    return vectors * ((size - rest).clamp_min(0) / size.clamp_min(1e-6))
