"""What is about a face, in a photo: skull, neck, shoulders, hair and the air, and how they move.

By the rule of `faces.shape3d.rigid_head`, and, where a driver's body was seen, by what it did
besides (`faces.tracking.body_motion`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.faces.shape3d import rigid_head as head


class HeadOutline:
    """Points that no landmark names, carried along with a head."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._follows = _column(head.OUTLINE_FOLLOWS, device)
        self._rests = _column(head.OUTLINE_RESTS, device)
        self._body_follows = _column(head.BODY_FOLLOWS, device)
        self._fit = head.camera_fit(device)

    def __call__(
        self, source_px: Tensor, output_px: Tensor, body: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Landmarks in source and output (B, 74, 2), px, and the body (B, 26, 2) in units of the
        head, None where nobody looks -> places in the source, skull first, and how far they move:
        (B, N, 2) twice, px."""
        here, there = (head.cameras(points, self._fit) for points in (source_px, output_px))
        places = head.outline(here)
        rests = self._rests * length(across_eyes(source_px))
        moved = _beyond(self._follows * (head.outline(there) - places), rests)
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
    """Outline points (B, N, 2) but the neck's, which the body has, too."""
    return torch.cat((points[:, : head.NECK.start], points[:, head.NECK.stop :]), dim=1)


def _beyond(vectors: Tensor, rest: Tensor) -> Tensor:
    """What of vectors (..., 2) exceeds a length (..., 1)."""
    size = length(vectors)
    return vectors * ((size - rest).clamp_min(0) / size.clamp_min(1e-6))
