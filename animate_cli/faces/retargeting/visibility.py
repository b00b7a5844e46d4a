"""What a turning head hides or shows, and how far a picture of it can follow.

One picture shows one side of a head. Where it turns away, points of the face slide behind each
other; a picture that is warped after them folds. Where it turns towards the viewer, what the
picture hardly shows is spread over what should be seen: a cheek becomes a smear. So a turn goes on
until some part between the eyes and the nostrils is `NARROWEST` of its width, or some part or cheek
`WIDEST` of it and `SPARE` more, and stays there; points of the cheek's contour, which hide much
earlier, are kept outside the eye or mouth next to them: what is seen there in a real picture is the
cheek before them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from animate_cli.faces.points import JAW

_ACROSS = ((36, 39), (39, 27), (27, 42), (42, 45), (31, 33), (33, 35))
_CHEEKS = ((0, 36), (45, 16), (3, 48), (54, 13))
_CONTOUR = list(JAW)
AXIS_DEPTH = -0.6  # of the upright axis that the head is round about, in the head's frame
NARROWEST = 0.5  # share of the width in the photo that a part between eyes and nostrils keeps
WIDEST = 1.5  # share of the width in the photo that any part may reach
SPARE = 0.06  # ... and how much more, in eye distances
_LEAST_WIDTH = 0.12  # of the eyes' distance: a part as narrow as that in the photo hinders nothing
_HALVINGS = 10  # of the search: to a thousandth of the turn


def max_safe_rotation(source: Tensor, facing: Tensor, turned: Callable[[Tensor], Tensor]) -> Tensor:
    """The share of each turn, at most 1, that leaves every inner part of the face some width, and
    spreads none too far.

    source (1, 74, 3) in the head's frame, facing (1, 3, 3): its rotation; turned: shares (B,) ->
    rotations (B, 3, 3). Of the source alone, so that no expression holds the head back.
    """
    eyes = (source[:, 45] - source[:, 36]).norm(dim=-1, keepdim=True)
    least = NARROWEST * _widths(source, facing, _ACROSS).clamp_min(_LEAST_WIDTH * eyes)
    every = _ACROSS + _CHEEKS
    wide = WIDEST * _widths(source, facing, every).clamp_min(0) + SPARE * eyes

    def shows(share: Tensor) -> Tensor:
        rotation = turned(share)
        is_seen = _widths(source, rotation, _ACROSS) >= least
        is_known = _widths(source, rotation, every) <= wide
        shown: Tensor = is_seen.all(dim=-1) & is_known.all(dim=-1)
        return shown

    most = source.new_ones(())
    everything = shows(most)
    low, high = torch.zeros_like(everything, dtype=source.dtype), most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_seen = shows(middle)
        low, high = torch.where(is_seen, middle, low), torch.where(is_seen, high, middle)
    return torch.where(everything, most, low)


def max_safe_change(source: Tensor, change: Tensor) -> Tensor:
    """The share of a change, at most 1, that leaves every inner part of the face some width.

    source (1, 74, 3) and change (B, 74, 3) in the head's frame -> (B, 1, 1). No expression moves
    their ends so far apart or together: guesses about an eye that is turned away do.
    """
    eyes = (source[:, 45] - source[:, 36]).norm(dim=-1, keepdim=True)
    left, right = ([pair[side] for pair in _ACROSS] for side in (0, 1))
    usual = (source[:, right] - source[:, left]).norm(dim=-1).clamp_min(_LEAST_WIDTH * eyes)
    most = ((change[:, right] - change[:, left]).norm(dim=-1) / usual).amax(dim=1)  # (B,)
    share: Tensor = ((1 - NARROWEST) / most.clamp_min(1e-6)).clamp_max(1)
    return share[:, None, None]


def keep_contour(points: Tensor, facing: Tensor, source: Tensor, source_facing: Tensor) -> Tensor:
    """Jaw points that are turned away, moved along the head to where its outline is seen.

    points (B, 74, 3) in the head's frame, facing (B, 3, 3): its rotation; source, source_facing:
    the same of the source, whose own points are an outline wherever they are.
    """
    beyond = _azimuth(points) - _view(facing)
    own = (_azimuth(source) - _view(source_facing)).abs().clamp_min(torch.pi / 2)
    back = beyond - torch.minimum(torch.maximum(beyond, -own), own)  # (B, 17)
    x, z = points[:, _CONTOUR, 0], points[:, _CONTOUR, 2] - AXIS_DEPTH
    points = points.clone()
    points[:, _CONTOUR, 0] = x * back.cos() - z * back.sin()
    points[:, _CONTOUR, 2] = AXIS_DEPTH + z * back.cos() + x * back.sin()
    return points


def _azimuth(points: Tensor) -> Tensor:
    """Of the jaw about the head's upright axis, from straight ahead to image right: (B, 17)."""
    jaw = points[:, _CONTOUR]
    return torch.atan2(jaw[..., 0], jaw[..., 2] - AXIS_DEPTH)


def _view(facing: Tensor) -> Tensor:
    """The azimuth from which a head is seen: rotations (B, 3, 3) -> (B, 1)."""
    return torch.atan2(facing[:, 2, :1], facing[:, 2, 2:])


def _widths(points: Tensor, rotation: Tensor, parts: tuple[tuple[int, int], ...]) -> Tensor:
    """Of parts across the face, along the line of the eyes in the picture: (B, parts)."""
    left, right = ([pair[side] for pair in parts] for side in (0, 1))
    across = ((points[:, right] - points[:, left]) @ rotation.mT)[..., :2]
    axis = rotation[:, None, :2, 0]  # where the head's x axis points in the picture
    widths: Tensor = (across * axis).sum(dim=-1) / axis.norm(dim=-1).clamp_min(1e-6)
    return widths
