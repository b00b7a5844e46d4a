"""Eyes and mouth: how far they are open, set so that closed on one face is closed on another.

Lids and lips are compared by *opening*, not by where their points are: faces differ in the size of
their eyes, and a point moved by somebody else's distance leaves a slit or crosses its neighbour.
Points are (B, 74, 2) of one upright frame; lengths in whatever unit they come in.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from animate_cli.faces.aperture import gaps
from animate_cli.faces.points import PUPILS
from animate_cli.options import Amounts, Motion


class EyeOrMouth(NamedTuple):
    """An eye or a mouth: its corners, facing pairs of edge points, and their widths when shut.

    followers: points beyond each pair that move with it, and how much (the outer lips).
    closed, least: apertures as shares of the width: read as shut, and left open when shut.
    grows: bounds of how much an opening face magnifies the driver's.
    carried: points that move with the lower edge where it is told to by what the driver does: a
    chin, which else would stay down while the lips above it shut.
    """

    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    upper_followers: tuple[tuple[int, int, float], ...]
    lower_followers: tuple[tuple[int, int, float], ...]
    closed: float
    least: float
    grows: tuple[float, float]
    carried: tuple[tuple[int, float], ...] = ()

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Facing points, upper and lower."""
        return tuple(zip(self.upper, self.lower, strict=True))


RIGHT_EYE = EyeOrMouth((36, 39), (37, 68, 38), (41, 69, 40), (), (), 0.07, 0.08, (0.5, 1.2))
LEFT_EYE = EyeOrMouth((42, 45), (43, 70, 44), (47, 71, 46), (), (), 0.07, 0.08, (0.5, 1.2))
MOUTH = EyeOrMouth(
    corners=(60, 64),
    upper=(61, 62, 63),
    lower=(67, 66, 65),
    upper_followers=((49, 0, 0.6), (50, 0, 1.0), (51, 1, 1.0), (52, 2, 1.0), (53, 2, 0.6)),
    lower_followers=((59, 0, 0.6), (58, 0, 1.0), (57, 1, 1.0), (56, 2, 1.0), (55, 2, 0.6)),
    closed=0.0,
    least=0.015,
    grows=(1.0, 1.0),
    carried=tuple(enumerate((0.2, 0.5, 0.8, 0.95, 1.0, 0.95, 0.8, 0.5, 0.2), start=4)),
)
EYES_AND_MOUTH = (RIGHT_EYE, LEFT_EYE, MOUTH)
EYES = ((RIGHT_EYE, PUPILS[0]), (LEFT_EYE, PUPILS[1]))
_STEEPEST = 3.0  # an almost shut anchor must not magnify what it does
_TOUCHING = 0.1  # of `least`: who is shown as he is may shut further, but not cross
_TINY = 1e-6


def apply_aperture_change(points: Tensor, source: Tensor, anchor: Tensor, driver: Tensor) -> Tensor:
    """Lids and lips of `points`, by how far the driver's opened or shut since the anchor."""
    for opening in EYES_AND_MOUTH:
        s, a, t = (apertures(x, opening) for x in (source, anchor, driver))
        shut = torch.minimum(opening.closed * width(anchor, opening), a / 2)
        slope = s / (a - shut).clamp_min(_TINY)
        closing = s + slope.clamp(0, _STEEPEST) * (t - a)
        growing = s + slope.clamp(*opening.grows) * (t - a)
        wanted = torch.where(t < a, closing, growing)
        least = torch.minimum(opening.least * width(points, opening), s)
        wanted = torch.maximum(wanted, least)
        excess = (wanted - apertures(points, opening)).mean(dim=1, keepdim=True) / 2
        points = set_apertures(points, opening, wanted)
        for index, share in opening.carried:
            points[:, index] += share * excess * _down(points, opening)[:, 0]
    return points


def apply_apertures(points: Tensor, source: Tensor, driver: Tensor, amounts: Amounts) -> Tensor:
    """Lids and lips of `points` as far open as the driver's, in widths of the eye or mouth."""
    for opening, amount in zip(
        EYES_AND_MOUTH, (amounts.eyes, amounts.eyes, amounts.lips), strict=True
    ):
        own, other = (
            apertures(x, opening) / width(x, opening).clamp_min(_TINY) for x in (source, driver)
        )
        least = torch.minimum(own, own.new_tensor(_TOUCHING * opening.least))
        share = torch.maximum(own + amount * (other - own), least)
        points = set_apertures(points, opening, share * width(points, opening))
    return points


def keep_apart(points: Tensor, source: Tensor, motion: Motion) -> Tensor:
    """No lid or lip of `points`, in the picture, nearer its neighbour than it is drawn when shut.

    In absolute motion, which shows the driver as he is, they merely do not cross. In either no
    further than the source's own are.
    """
    share = 1.0 if motion is Motion.RELATIVE else _TOUCHING
    for opening in EYES_AND_MOUTH:
        gap, own = apertures(points, opening), apertures(source, opening)
        least = torch.minimum(share * opening.least * width(points, opening), own)
        points = set_apertures(points, opening, torch.maximum(gap, least))
    return points


def keep_pupils(points: Tensor, source: Tensor) -> Tensor:
    """No pupil of `points`, in the picture, beyond its lids, unless the source's own is."""
    points = points.clone()
    for opening, pupil in EYES:
        aside, half = _from_middle(points, opening, pupil)
        own, usual = _from_middle(source, opening, pupil)
        most = half * (own.abs() / usual.clamp_min(_TINY)).clamp_min(1)
        back = torch.minimum(torch.maximum(aside, -most), most) - aside
        points[:, pupil] += back * _down(points, opening)[:, 0]
    return points


def _from_middle(points: Tensor, opening: EyeOrMouth, pupil: int) -> tuple[Tensor, Tensor]:
    """How far a pupil is below the middle of the lids, and half their opening there: (B, 1)."""
    middle = (points[:, opening.upper[1]] + points[:, opening.lower[1]]) / 2
    aside = ((points[:, pupil] - middle) * _down(points, opening)[:, 0]).sum(dim=-1, keepdim=True)
    return aside, apertures(points, opening)[:, 1:2].clamp_min(0) / 2


def apply_gaze_change(points: Tensor, source: Tensor, anchor: Tensor, driver: Tensor) -> Tensor:
    """The change of gaze between the source's corners; a closing eye takes its pupil along."""
    points = points.clone()
    for opening, pupil in EYES:
        gaze = in_eye(driver, opening, pupil) - in_eye(anchor, opening, pupil)
        looking = _at(points, opening, in_eye(source, opening, pupil) + gaze)
        usual = apertures(source, opening)[:, 1].clamp_min(_TINY)
        open_share = (apertures(points, opening)[:, 1] / usual).clamp(0, 1)[:, None]
        rest = in_eye(source, opening, pupil) - _middle_in_eye(source, opening)
        shut = _at(points, opening, _middle_in_eye(points, opening) + open_share * rest)
        points[:, pupil] = torch.lerp(shut, looking, open_share**2)
    return points


def apply_gaze(points: Tensor, source: Tensor, driver: Tensor, amount: float) -> Tensor:
    """The pupils of `points` where the driver's are between the corners of their eye."""
    points = points.clone()
    for opening, pupil in EYES:
        own, other = (in_eye(x, opening, pupil) for x in (source, driver))
        points[:, pupil] = _at(points, opening, own + amount * (other - own))
    return points


def in_eye(points: Tensor, opening: EyeOrMouth, index: int) -> Tensor:
    """A point's coordinates along and down the eye, from its middle, in eye widths: (B, 2)."""
    return _place(points, opening, points[:, index])


def width(points: Tensor, opening: EyeOrMouth) -> Tensor:
    """Between the corners: (B, 1)."""
    first, last = opening.corners
    across = points[:, last] - points[:, first]
    return across.square().sum(dim=-1, keepdim=True).sqrt()


def apertures(points: Tensor, opening: EyeOrMouth) -> Tensor:
    """How far each pair is apart, negative when crossed: (B, pairs)."""
    return gaps(points, opening.pairs, down=_down(points, opening))


def set_apertures(points: Tensor, opening: EyeOrMouth, wanted: Tensor) -> Tensor:
    """Move each pair apart or together about its middle, to (B, pairs); followers go along."""
    excess = (wanted - apertures(points, opening))[..., None] / 2  # (B, pairs, 1)
    change = excess * _down(points, opening)  # (B, pairs, 2)
    points = points.clone()
    points[:, list(opening.upper)] -= change
    points[:, list(opening.lower)] += change
    for index, pair, share in opening.upper_followers:
        points[:, index] -= share * change[:, pair]
    for index, pair, share in opening.lower_followers:
        points[:, index] += share * change[:, pair]
    return points


def _eye_frame(points: Tensor, opening: EyeOrMouth) -> tuple[Tensor, Tensor]:
    """Middle of the corners (B, 2) and the axes along and down the eye, as long (B, 2, 2)."""
    first, last = points[:, opening.corners[0]], points[:, opening.corners[1]]
    along = last - first
    return (first + last) / 2, torch.stack((along, torch.stack((-along[:, 1], along[:, 0]), -1)), 1)


def _place(points: Tensor, opening: EyeOrMouth, where: Tensor) -> Tensor:
    """where (B, 2) -> along and down the eye, in eye widths (B, 2); `_at` is its inverse."""
    middle, axes = _eye_frame(points, opening)
    square = axes[:, 0].square().sum(dim=-1, keepdim=True).clamp_min(_TINY)
    return (axes @ (where - middle)[..., None])[..., 0] / square


def _at(points: Tensor, opening: EyeOrMouth, place: Tensor) -> Tensor:
    """Along and down the eye, in eye widths (B, 2) -> (B, 2)."""
    middle, axes = _eye_frame(points, opening)
    return middle + (place[:, None] @ axes)[:, 0]


def _middle_in_eye(points: Tensor, opening: EyeOrMouth) -> Tensor:
    middle = (points[:, opening.upper[1]] + points[:, opening.lower[1]]) / 2
    return _place(points, opening, middle)


def _down(points: Tensor, opening: EyeOrMouth) -> Tensor:
    """The unit normal of the line between the corners, downwards: (B, 1, 2)."""
    normal = _eye_frame(points, opening)[1][:, 1:]
    return normal / normal.square().sum(dim=-1, keepdim=True).sqrt().clamp_min(_TINY)
