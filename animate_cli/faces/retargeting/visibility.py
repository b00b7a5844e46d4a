"""Limit a head's rotation to what one photo of it can show, and keep the outline of the cheeks.

A photo shows one side of a head. In a part of the face that turns away, points slide behind each
other, and a photo warped by them folds. In a part that turns towards the viewer, few pixels of the
photo are stretched over a large area, and a cheek is smeared. So a rotation is limited: no span
between the eyes and the nostrils may shrink below `MIN_WIDTH_RATIO` of its width in the photo, and
no span of the face may grow beyond `MAX_WIDTH_RATIO` of it plus `MAX_WIDTH_MARGIN`. Jaw points are
hidden by much smaller rotations; they are moved along the head to its visible outline, because in
a real picture the outline of the cheek is seen there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from animate_cli.faces.points import JAW

_INNER_SPANS = ((36, 39), (39, 27), (27, 42), (42, 45), (31, 33), (33, 35))
_CHEEK_SPANS = ((0, 36), (45, 16), (3, 48), (54, 13))
_CONTOUR = list(JAW)
AXIS_DEPTH = -0.6  # z of the upright axis of the cylinder that the jaw lies on, in the head's frame
MIN_WIDTH_RATIO = 0.5  # width of an inner span / its width in the photo, at least
MAX_WIDTH_RATIO = 1.5  # width of any span / its width in the photo, at most,
MAX_WIDTH_MARGIN = 0.06  # ... plus this, in distances of the outer eye corners
_MIN_WIDTH = 0.12  # in the same; narrower spans of the photo count as this wide
_HALVINGS = 10  # of the bisection: to a thousandth of the rotation


def max_safe_rotation(source: Tensor, facing: Tensor, turned: Callable[[Tensor], Tensor]) -> Tensor:
    """The largest share of each rotation, at most 1, that keeps all widths within their limits.

    source (1, 74, 3) in the head's frame; facing (1, 3, 3): rotation in the photo; turned: shares
    (B,) -> rotations (B, 3, 3). Returns (B,). Expression is ignored, so that it does not limit the
    rotation.
    """
    eyes = (source[:, 45] - source[:, 36]).norm(dim=-1, keepdim=True)
    least = MIN_WIDTH_RATIO * _widths(source, facing, _INNER_SPANS).clamp_min(_MIN_WIDTH * eyes)
    spans = _INNER_SPANS + _CHEEK_SPANS
    wide = MAX_WIDTH_RATIO * _widths(source, facing, spans).clamp_min(0) + MAX_WIDTH_MARGIN * eyes

    def is_safe(share: Tensor) -> Tensor:
        rotation = turned(share)
        is_wide_enough = _widths(source, rotation, _INNER_SPANS) >= least
        is_narrow_enough = _widths(source, rotation, spans) <= wide
        safe: Tensor = is_wide_enough.all(dim=-1) & is_narrow_enough.all(dim=-1)
        return safe

    most = source.new_ones(())
    is_unlimited = is_safe(most)
    low, high = torch.zeros_like(is_unlimited, dtype=source.dtype), most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        safe = is_safe(middle)
        low, high = torch.where(safe, middle, low), torch.where(safe, high, middle)
    return torch.where(is_unlimited, most, low)


def max_safe_change(source: Tensor, change: Tensor) -> Tensor:
    """The largest share of a change, at most 1, that keeps inner spans above `MIN_WIDTH_RATIO`.

    source (1, 74, 3) and change (B, 74, 3) in the head's frame -> (B, 1, 1). No expression changes
    the spans so much; errors in landmarks of an eye that is turned away do.
    """
    eyes = (source[:, 45] - source[:, 36]).norm(dim=-1, keepdim=True)
    left, right = ([pair[side] for pair in _INNER_SPANS] for side in (0, 1))
    widths = (source[:, right] - source[:, left]).norm(dim=-1).clamp_min(_MIN_WIDTH * eyes)
    most = ((change[:, right] - change[:, left]).norm(dim=-1) / widths).amax(dim=1)  # (B,)
    share: Tensor = ((1 - MIN_WIDTH_RATIO) / most.clamp_min(1e-6)).clamp_max(1)
    return share[:, None, None]


def keep_contour(points: Tensor, facing: Tensor, source: Tensor, source_facing: Tensor) -> Tensor:
    """`points` with hidden jaw points moved around the head's axis to the visible outline.

    points (B, 74, 3) in the head's frame, facing (B, 3, 3): its rotation; source (1, 74, 3),
    source_facing (1, 3, 3): of the photo, whose jaw points count as visible. Returns (B, 74, 3).
    """
    beyond = _azimuth(points) - _view_azimuth(facing)
    own = (_azimuth(source) - _view_azimuth(source_facing)).abs().clamp_min(torch.pi / 2)
    back = beyond - torch.minimum(torch.maximum(beyond, -own), own)  # (B, 17)
    x, z = points[:, _CONTOUR, 0], points[:, _CONTOUR, 2] - AXIS_DEPTH
    points = points.clone()
    points[:, _CONTOUR, 0] = x * back.cos() - z * back.sin()
    points[:, _CONTOUR, 2] = AXIS_DEPTH + z * back.cos() + x * back.sin()
    return points


def _azimuth(points: Tensor) -> Tensor:
    """Angles of the jaw points about the head's axis: (B, 17), 0 ahead, positive to image right."""
    jaw = points[:, _CONTOUR]
    return torch.atan2(jaw[..., 0], jaw[..., 2] - AXIS_DEPTH)


def _view_azimuth(facing: Tensor) -> Tensor:
    """Azimuth of the camera about the head's axis: rotations (B, 3, 3) -> (B, 1)."""
    return torch.atan2(facing[:, 2, :1], facing[:, 2, 2:])


def _widths(points: Tensor, rotation: Tensor, spans: tuple[tuple[int, int], ...]) -> Tensor:
    """Widths of spans of the face along the projected x axis of the head: (B, spans)."""
    left, right = ([pair[side] for pair in spans] for side in (0, 1))
    across = ((points[:, right] - points[:, left]) @ rotation.mT)[..., :2]
    axis = rotation[:, None, :2, 0]  # where the head's x axis points in the picture
    widths: Tensor = (across * axis).sum(dim=-1) / axis.norm(dim=-1).clamp_min(1e-6)
    return widths
