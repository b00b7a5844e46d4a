"""The driver's motion on the source's face, in two dimensions.

    driver frame ─► square of the source's size (`driver_square`) ─► `retarget_landmarks`

Relative motion splits what happened since the anchor frame in two: a similarity (shift, roll,
size), fitted to points no expression moves, and what it leaves over (turn and nod seen as
foreshortening, and expression). Both are applied to the source in its own size and roll. Lids
and lips are then set by *opening*, so that closed in the driver is closed in the source whatever
the sizes of their eyes, and pupils ride on the corners of their eye.

Everything is computed in double precision: zero motion gives the source's points back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from animate_cli.faces.head import RIGID
from animate_cli.options import Motion, MotionOptions
from animate_cli.records import Matrix, Points

_RIGID = list(RIGID)


class Opening(NamedTuple):
    """An eye or a mouth: its corners, facing pairs of edge points, and their widths when shut.

    followers: points beyond each pair that move with it, and how much (the outer lips).
    closed, least: apertures as shares of the width: read as shut, and left open when shut.
    """

    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    upper_followers: tuple[tuple[int, int, float], ...]
    lower_followers: tuple[tuple[int, int, float], ...]
    closed: float
    least: float
    grows: tuple[float, float]


RIGHT_EYE = Opening((36, 39), (37, 68, 38), (41, 69, 40), (), (), 0.07, 0.08, (0.5, 1.2))
LEFT_EYE = Opening((42, 45), (43, 70, 44), (47, 71, 46), (), (), 0.07, 0.08, (0.5, 1.2))
MOUTH = Opening(
    corners=(60, 64),
    upper=(61, 62, 63),
    lower=(67, 66, 65),
    upper_followers=((49, 0, 0.6), (50, 0, 1.0), (51, 1, 1.0), (52, 2, 1.0), (53, 2, 0.6)),
    lower_followers=((59, 0, 0.6), (58, 0, 1.0), (57, 1, 1.0), (56, 2, 1.0), (55, 2, 0.6)),
    closed=0.0,
    least=0.015,
    grows=(1.0, 1.0),
)
_EYES = ((RIGHT_EYE, 72), (LEFT_EYE, 73))
_ACROSS = (
    (0, 36),
    (45, 16),
    (3, 48),
    (54, 13),
    (36, 39),
    (39, 27),
    (27, 42),
    (42, 45),
    (31, 33),
    (33, 35),
)
_NARROWEST = 0.4  # no part of the face is foreshortened further: a warp cannot show what turns away
_STEEPEST = 3.0  # an almost shut anchor must not magnify what it does


def driver_square(source_face_px: Points, anchor_frame_px: Points) -> Matrix:
    """The similarity without rotation that gives the driver's face the source's size and place.

    Landmarks (74, 2) of the source in face pixels and of the anchor frame in driver pixels ->
    (2, 3), frame to face.
    """
    scale = face_size(source_face_px) / max(face_size(anchor_frame_px), 1e-6)
    middle = anchor_frame_px[_RIGID].astype(np.float64).mean(axis=0)
    target = source_face_px[_RIGID].astype(np.float64).mean(axis=0)
    return np.hstack((np.eye(2) * scale, (target - scale * middle)[:, None]))


def face_size(points: Points) -> float:
    """A length that neither expression nor roll changes, and turning little: rms radius, px."""
    rigid = points[_RIGID].astype(np.float64)
    return float(np.sqrt(((rigid - rigid.mean(axis=0)) ** 2).sum(axis=1).mean()))


def retarget_landmarks(
    source: Tensor, driver: Tensor, anchor: Tensor, options: MotionOptions
) -> Tensor:
    """Where the source's points go.

    source, anchor (1, 74, 2), driver (B, 74, 2), all in face pixels -> (B, 74, 2).
    """
    wide = source.double(), driver.double(), anchor.double()
    move = _relative if options.motion is Motion.RELATIVE else _absolute
    return move(*wide, options.strength).to(source.dtype)


def _absolute(source: Tensor, driver: Tensor, _anchor: Tensor, strength: float) -> Tensor:
    """The driver's own points, kept from crossing lids or lips."""
    points = source + strength * (driver - source)
    for opening in (RIGHT_EYE, LEFT_EYE, MOUTH):
        aperture = _apertures(points, opening)
        least = torch.minimum(_least(points, opening), _apertures(source, opening))
        points = _set_apertures(points, opening, torch.maximum(aperture, least))
    return points


def _relative(source: Tensor, driver: Tensor, anchor: Tensor, strength: float) -> Tensor:
    """The change since the anchor, in the source's size and roll."""
    turn, _, _ = _similarity(anchor, source)  # the anchor's axes and size to the source's
    motion, middle, moved = _similarity(anchor, driver)
    still = _rotate(driver - moved, 1 / motion) + middle  # similarity motion taken out
    change = strength * _rotate(still - anchor, turn)
    change = change * _bearable(source, change)
    points = source + change
    points = _openings(points, source, anchor, anchor + strength * (still - anchor))
    centre = source[:, _RIGID].mean(dim=1, keepdim=True)
    shift = strength * turn.abs()[..., None] * (moved - middle)
    return _rotate(points - centre, _power(motion, strength)) + centre + shift


def _bearable(source: Tensor, change: Tensor) -> Tensor:
    """The share of a change, at most 1, that leaves every part of the face some width.

    source (1, 74, 2), change (B, 74, 2) -> (B, 1, 1). Continuous, so that it does not flicker.
    """
    axis = source[:, 45] - source[:, 36]  # (1, 2)
    left, right = [a for a, _ in _ACROSS], [b for _, b in _ACROSS]
    width = ((source[:, right] - source[:, left]) * axis[:, None]).sum(dim=-1)
    grown = ((change[:, right] - change[:, left]) * axis[:, None]).sum(dim=-1)  # (B, pairs)
    narrowed = (-grown / width.clamp_min(0.12 * axis.square().sum())).amax(dim=1)
    return ((1 - _NARROWEST) / narrowed.clamp_min(1e-6)).clamp_max(1)[:, None, None]


def _openings(points: Tensor, source: Tensor, anchor: Tensor, still: Tensor) -> Tensor:
    """Lids, lips and pupils, by how far the driver's are open."""
    for opening in (RIGHT_EYE, LEFT_EYE, MOUTH):
        s, a, t = (_apertures(x, opening) for x in (source, anchor, still))
        shut = torch.minimum(opening.closed * _width(anchor, opening), a / 2)
        slope = s / (a - shut).clamp_min(1e-6)
        closing = s + slope.clamp(0, _STEEPEST) * (t - a)
        growing = s + slope.clamp(*opening.grows) * (t - a)
        wanted = torch.where(t < a, closing, growing)
        least = torch.minimum(_least(points, opening), s)
        points = _set_apertures(points, opening, torch.maximum(wanted, least))
    for opening, pupil in _EYES:
        points = _set_pupil(points, source, anchor, still, opening, pupil)
    return points


def _set_pupil(
    points: Tensor, source: Tensor, anchor: Tensor, still: Tensor, opening: Opening, pupil: int
) -> Tensor:
    """The gaze of the driver between the source's corners; a closing eye takes its pupil along."""
    gaze = _in_eye(still, opening, pupil) - _in_eye(anchor, opening, pupil)
    place = _in_eye(source, opening, pupil)
    open_share = _apertures(points, opening)[:, 1] / _apertures(source, opening)[:, 1].clamp_min(
        1e-6
    )
    open_share = open_share.clamp(0, 1)[:, None]
    middle = _lid_middle(points, opening)
    rest = _lid_middle(source, opening)
    corner, axes = _eye_frame(points, opening)
    looking = corner + ((place + gaze)[:, None] @ axes)[:, 0]
    source_axes = _eye_frame(source, opening)[1]
    offset = torch.linalg.solve(source_axes.transpose(1, 2), (source[:, pupil] - rest)[..., None])
    shut = middle + open_share * (offset.transpose(1, 2) @ axes)[:, 0]
    points = points.clone()
    points[:, pupil] = torch.lerp(shut, looking, open_share**2)
    return points


def _lid_middle(points: Tensor, opening: Opening) -> Tensor:
    return (points[:, opening.upper[1]] + points[:, opening.lower[1]]) / 2


def _eye_frame(points: Tensor, opening: Opening) -> tuple[Tensor, Tensor]:
    """Middle of the corners (B, 2) and the axes along and down the eye, as long (B, 2, 2)."""
    first, last = points[:, opening.corners[0]], points[:, opening.corners[1]]
    along = last - first
    return (first + last) / 2, torch.stack((along, torch.stack((-along[:, 1], along[:, 0]), -1)), 1)


def _in_eye(points: Tensor, opening: Opening, index: int) -> Tensor:
    """A point's coordinates along and down the eye, in eye widths: (B, 2)."""
    corner, axes = _eye_frame(points, opening)
    square = axes[:, 0].square().sum(dim=-1, keepdim=True).clamp_min(1e-6)
    return (axes @ (points[:, index] - corner)[..., None])[..., 0] / square


def _width(points: Tensor, opening: Opening) -> Tensor:
    first, last = opening.corners
    across = points[:, last] - points[:, first]
    return across.square().sum(dim=-1, keepdim=True).sqrt()


def _least(points: Tensor, opening: Opening) -> Tensor:
    """The aperture that is left when shut, px: (B, 1)."""
    return opening.least * _width(points, opening)


def _down(points: Tensor, opening: Opening) -> Tensor:
    """The unit normal of the line between the corners, downwards: (B, 1, 2)."""
    along = _eye_frame(points, opening)[1][:, :1]
    normal = torch.stack((-along[..., 1], along[..., 0]), dim=-1)
    return normal / normal.square().sum(dim=-1, keepdim=True).sqrt().clamp_min(1e-6)


def _apertures(points: Tensor, opening: Opening) -> Tensor:
    """How far each pair is apart, px, negative when crossed: (B, pairs)."""
    gap = points[:, list(opening.lower)] - points[:, list(opening.upper)]
    return (gap * _down(points, opening)).sum(dim=-1)


def _set_apertures(points: Tensor, opening: Opening, apertures: Tensor) -> Tensor:
    """Move each pair apart or together about its middle; followers go along."""
    excess = (apertures - _apertures(points, opening))[..., None] / 2  # (B, pairs, 1)
    change = excess * _down(points, opening)  # (B, pairs, 2)
    points = points.clone()
    points[:, list(opening.upper)] -= change
    points[:, list(opening.lower)] += change
    for index, pair, share in opening.upper_followers:
        points[:, index] -= share * change[:, pair]
    for index, pair, share in opening.lower_followers:
        points[:, index] += share * change[:, pair]
    return points


def _similarity(start: Tensor, end: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Least-squares similarity on the rigid points: complex factor (B, 1), and both middles.

    end - end_middle ≈ factor · (start - start_middle), points read as complex numbers.
    """
    start, end = start[:, _RIGID], end[:, _RIGID]
    middles = start.mean(dim=1, keepdim=True), end.mean(dim=1, keepdim=True)
    z0 = torch.view_as_complex((start - middles[0]).contiguous())
    z1 = torch.view_as_complex((end - middles[1]).contiguous())
    factor = (z0.conj() * z1).sum(dim=1, keepdim=True) / z0.abs().square().sum(dim=1, keepdim=True)
    return factor, *middles


def _rotate(points: Tensor, factor: Tensor) -> Tensor:
    """Multiply points (B, K, 2), read as complex numbers, by factors (B, 1)."""
    return torch.view_as_real(torch.view_as_complex(points.contiguous()) * factor)


def _power(factor: Tensor, exponent: float) -> Tensor:
    """Scale a motion: angle times, and size to the power of, the exponent."""
    return torch.polar(factor.abs() ** exponent, factor.angle() * exponent)
