"""Transfer the apertures of eyes and mouth, and the gaze, from one face to another.

Lids and lips are set by their gap, not moved by the driver's displacement: faces differ in the size
of their eyes, and a displacement of another face would leave shut lids apart or let them cross.
Gaps are those of `faces.aperture.gaps`, signed, perpendicular to the line between the corners.

Convention  points (B, 74, 2) in one upright frame, x right, y down; gaps have the points' unit.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from animate_cli.faces.aperture import gaps
from animate_cli.faces.points import PUPILS
from animate_cli.options import Amounts, Motion


class EyeOrMouth(NamedTuple):
    """An eye or a mouth.

    corners: indices of both; upper, lower: facing points of the edges;
    upper_followers, lower_followers: points of the outer lips, as index, pair and share of that
    pair's displacement;
    closed: gap / width that counts as shut on the anchor; least: gap / width that is kept on the
    output when shut; opening_gain: bounds of source's gap change / driver's, where the driver
    opens;
    chin_shares: points of the chin and their share of the lower lip's displacement, without which
    the chin would stay down when the mouth shuts.
    """

    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    upper_followers: tuple[tuple[int, int, float], ...]
    lower_followers: tuple[tuple[int, int, float], ...]
    closed: float
    least: float
    opening_gain: tuple[float, float]
    chin_shares: tuple[tuple[int, float], ...] = ()

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
    opening_gain=(1.0, 1.0),
    chin_shares=tuple(enumerate((0.2, 0.5, 0.8, 0.95, 1.0, 0.95, 0.8, 0.5, 0.2), start=4)),
)
EYES_AND_MOUTH = (RIGHT_EYE, LEFT_EYE, MOUTH)
EYES = ((RIGHT_EYE, PUPILS[0]), (LEFT_EYE, PUPILS[1]))
_MAX_GAIN = 3.0  # source's gap change / driver's, at most, where the driver shuts
_ABSOLUTE_SHARE = 0.1  # of `least`, kept in absolute motion
_TINY = 1e-6


def apply_aperture_change(points: Tensor, source: Tensor, anchor: Tensor, driver: Tensor) -> Tensor:
    """`points` with the source's gaps, changed as the driver's have changed since the anchor.

    points, driver (B, 74, 2); source, anchor (1, 74, 2). Where the driver shuts, the change is
    scaled so that the source's gap is shut when the driver's is.
    """
    for feature in EYES_AND_MOUTH:
        s, a, t = (apertures(x, feature) for x in (source, anchor, driver))
        shut = torch.minimum(feature.closed * width(anchor, feature), a / 2)
        slope = s / (a - shut).clamp_min(_TINY)
        shutting = s + slope.clamp(0, _MAX_GAIN) * (t - a)
        opening = s + slope.clamp(*feature.opening_gain) * (t - a)
        wanted = torch.where(t < a, shutting, opening)
        least = torch.minimum(feature.least * width(points, feature), s)
        wanted = torch.maximum(wanted, least)
        excess = (wanted - apertures(points, feature)).mean(dim=1, keepdim=True) / 2
        points = set_apertures(points, feature, wanted)
        for index, share in feature.chin_shares:
            points[:, index] += share * excess * _down(points, feature)[:, 0]
    return points


def apply_apertures(points: Tensor, source: Tensor, driver: Tensor, amounts: Amounts) -> Tensor:
    """`points` with the driver's gaps, relative to the width of the eye or mouth.

    amounts: 0 keeps the source's gaps, 1 takes the driver's.
    """
    for feature, amount in zip(
        EYES_AND_MOUTH, (amounts.eyes, amounts.eyes, amounts.lips), strict=True
    ):
        own, other = (
            apertures(x, feature) / width(x, feature).clamp_min(_TINY) for x in (source, driver)
        )
        least = torch.minimum(own, own.new_tensor(_ABSOLUTE_SHARE * feature.least))
        share = torch.maximum(own + amount * (other - own), least)
        points = set_apertures(points, feature, share * width(points, feature))
    return points


def keep_gaps(points: Tensor, source: Tensor, motion: Motion) -> Tensor:
    """`points` in the picture with a least gap between lids and between lips.

    The least gap is `least` times the width in relative motion, and a tenth of it in absolute
    motion, which reproduces the driver's own gaps; but never more than the source's gap.
    """
    share = 1.0 if motion is Motion.RELATIVE else _ABSOLUTE_SHARE
    for feature in EYES_AND_MOUTH:
        gap, own = apertures(points, feature), apertures(source, feature)
        least = torch.minimum(share * feature.least * width(points, feature), own)
        points = set_apertures(points, feature, torch.maximum(gap, least))
    return points


def keep_pupils(points: Tensor, source: Tensor) -> Tensor:
    """`points` in the picture with pupils between their lids, or as far beyond as the source's."""
    points = points.clone()
    for feature, pupil in EYES:
        offset, half = _pupil_offset(points, feature, pupil)
        own, open_gap = _pupil_offset(source, feature, pupil)
        most = half * (own.abs() / open_gap.clamp_min(_TINY)).clamp_min(1)
        back = torch.minimum(torch.maximum(offset, -most), most) - offset
        points[:, pupil] += back * _down(points, feature)[:, 0]
    return points


def _pupil_offset(points: Tensor, feature: EyeOrMouth, pupil: int) -> tuple[Tensor, Tensor]:
    """Distance of a pupil below the middle of the lids, and half the gap there: (B, 1) each."""
    middle = (points[:, feature.upper[1]] + points[:, feature.lower[1]]) / 2
    offset = ((points[:, pupil] - middle) * _down(points, feature)[:, 0]).sum(dim=-1, keepdim=True)
    return offset, apertures(points, feature)[:, 1:2].clamp_min(0) / 2


def apply_gaze_change(points: Tensor, source: Tensor, anchor: Tensor, driver: Tensor) -> Tensor:
    """`points` with pupils moved as the driver's since the anchor, in eye widths.

    In an eye that shuts, the pupil moves to where it is between the source's lids.
    """
    points = points.clone()
    for feature, pupil in EYES:
        gaze = in_eye(driver, feature, pupil) - in_eye(anchor, feature, pupil)
        looking = _from_eye_frame(points, feature, in_eye(source, feature, pupil) + gaze)
        open_gap = apertures(source, feature)[:, 1].clamp_min(_TINY)
        open_share = (apertures(points, feature)[:, 1] / open_gap).clamp(0, 1)[:, None]
        rest = in_eye(source, feature, pupil) - _middle_in_eye(source, feature)
        shut = _from_eye_frame(points, feature, _middle_in_eye(points, feature) + open_share * rest)
        points[:, pupil] = torch.lerp(shut, looking, open_share**2)
    return points


def apply_gaze(points: Tensor, source: Tensor, driver: Tensor, amount: float) -> Tensor:
    """`points` with pupils where the driver's are relative to the corners of the eye.

    amount: 0 keeps the source's pupils, 1 takes the driver's.
    """
    points = points.clone()
    for feature, pupil in EYES:
        own, other = (in_eye(x, feature, pupil) for x in (source, driver))
        points[:, pupil] = _from_eye_frame(points, feature, own + amount * (other - own))
    return points


def in_eye(points: Tensor, feature: EyeOrMouth, index: int) -> Tensor:
    """A point's coordinates in the frame of an eye: (B, 2), see `_to_eye_frame`."""
    return _to_eye_frame(points, feature, points[:, index])


def width(points: Tensor, feature: EyeOrMouth) -> Tensor:
    """Distance between the corners: (B, 1)."""
    first, last = feature.corners
    across = points[:, last] - points[:, first]
    return across.square().sum(dim=-1, keepdim=True).sqrt()


def apertures(points: Tensor, feature: EyeOrMouth) -> Tensor:
    """Signed gaps of the facing pairs: (B, pairs), negative where edges cross."""
    return gaps(points, feature.pairs, down=_down(points, feature))


def set_apertures(points: Tensor, feature: EyeOrMouth, wanted: Tensor) -> Tensor:
    """`points` with gaps `wanted` (B, pairs): both points of a pair move alike, followers along."""
    excess = (wanted - apertures(points, feature))[..., None] / 2  # (B, pairs, 1)
    change = excess * _down(points, feature)  # (B, pairs, 2)
    points = points.clone()
    points[:, list(feature.upper)] -= change
    points[:, list(feature.lower)] += change
    for index, pair, share in feature.upper_followers:
        points[:, index] -= share * change[:, pair]
    for index, pair, share in feature.lower_followers:
        points[:, index] += share * change[:, pair]
    return points


def _eye_frame(points: Tensor, feature: EyeOrMouth) -> tuple[Tensor, Tensor]:
    """Midpoint of the corners (B, 2); axes along and down the eye (B, 2, 2), of its width."""
    first, last = points[:, feature.corners[0]], points[:, feature.corners[1]]
    along = last - first
    return (first + last) / 2, torch.stack((along, torch.stack((-along[:, 1], along[:, 0]), -1)), 1)


def _to_eye_frame(points: Tensor, feature: EyeOrMouth, where: Tensor) -> Tensor:
    """where (B, 2) -> coordinates along and down the eye from its middle, in eye widths (B, 2)."""
    middle, axes = _eye_frame(points, feature)
    square = axes[:, 0].square().sum(dim=-1, keepdim=True).clamp_min(_TINY)
    return (axes @ (where - middle)[..., None])[..., 0] / square


def _from_eye_frame(points: Tensor, feature: EyeOrMouth, place: Tensor) -> Tensor:
    """The inverse of `_to_eye_frame`: (B, 2) -> (B, 2)."""
    middle, axes = _eye_frame(points, feature)
    return middle + (place[:, None] @ axes)[:, 0]


def _middle_in_eye(points: Tensor, feature: EyeOrMouth) -> Tensor:
    middle = (points[:, feature.upper[1]] + points[:, feature.lower[1]]) / 2
    return _to_eye_frame(points, feature, middle)


def _down(points: Tensor, feature: EyeOrMouth) -> Tensor:
    """Unit normal of the line between the corners, downwards: (B, 1, 2)."""
    normal = _eye_frame(points, feature)[1][:, 1:]
    return normal / normal.square().sum(dim=-1, keepdim=True).sqrt().clamp_min(_TINY)
