"""Correct a motion field around lips and lids, where the mouth or an eye opens and shuts.

Ours. A smooth field has no discontinuities: where touching lips must move apart, it stretches both
lips over the gap between them. Here the field is corrected around each contour of lips or lids:

    field ─► read at the landmarks ─► its error there ─► spread between the curves ─► field

The curves run through landmarks from corner to corner (outer lip, inner lip, inner lip, outer lip).
From one curve to the next the correction changes linearly, so that every lip and lid keeps its
thickness; beyond the outermost curves it fades out. Teeth between two lips keep their height, too:
those that a smile shows are attached to the upper lip, some of those that a wide open mouth shows
to the lower lip, and only the space that opens between them is stretched. At the edges of that
space the field may fold by one pixel.

All lengths are in pixels of the output.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli.layers.grid import pixel_to_normalised, warp
from animate_cli.layers.smoothstep import smooth_step

_THIN_PX = 1e-3
_IGNORED_PX = 0.5, 1.0  # errors below the first are left alone, above the second corrected in full
_LEAST_PX = 2.0  # least length over which a correction fades
_LIP_PX = 1.5  # where a mouth shuts, this much of what it shows moves with the lips
_GENTLE = 3.0  # a correction fades over this many times its length: else the field would fold
_PLACES = 256  # between two corners, at which curves are read
_LOWER_ATTACHED = 0.4  # share of what a wide open mouth shows that is attached to the lower lip
_SMILE, _WIDE_OPEN = 0.2, 0.5  # gap over width up to which teeth alone show; of a wide open mouth


@dataclass(frozen=True, kw_only=True)
class ApertureContour:
    """The curves around a mouth or an eye, each through equally many landmarks.

    curves: landmarks of each curve, uppermost curve first, from the right corner to the left;
    fade: how far beyond the curves the correction reaches at least, over the distance of the
    corners; until: a landmark below that the correction does not reach; aperture: the upper and the
    lower curve between which only the middle is stretched; None: there is nothing to keep between.
    """

    curves: tuple[tuple[int, ...], ...]
    fade: float
    until: int | None = None
    aperture: tuple[tuple[int, ...], tuple[int, ...]] | None = None


def correct_apertures(
    flow_px: Tensor,
    source_px: Tensor,
    output_px: Tensor,
    contours: tuple[ApertureContour, ...],
    window: Tensor | None = None,
) -> Tensor:
    """The field (B, 2, S, S) px, exact at the contours' landmarks to half a pixel.

    source_px, output_px (B, K, 2): the field lives in the output and points into the source, p − q
    at q. window (S, S): the share of the correction that is used; None: all of it. Where the
    corrections of two contours meet, they add up.
    """
    corrected = flow_px.clone()
    for contour in contours:
        _correct_contour(corrected, flow_px, source_px, output_px, contour)
    return corrected if window is None else torch.lerp(flow_px, corrected, window)


class EyeLineFrame:
    """Axes of a mouth or an eye: along, from its right corner to its left, and down; in pixels.

    points (B, K, 2): all landmarks in these axes; width (B, 1): distance of the corners; places
    (B, U): positions between the corners at which curves are read.
    """

    def __init__(self, points_px: Tensor, right: int, left: int) -> None:
        self._start = points_px[:, right, None]  # (B, 1, 2)
        across = points_px[:, left] - points_px[:, right]
        length = across.norm(dim=-1, keepdim=True)
        self.width = length.clamp_min(_THIN_PX)
        level = across.new_tensor((1.0, 0.0))  # of corners that coincide
        self._across = torch.where(length < _THIN_PX, level, across / self.width)  # (B, 2)
        self.down = torch.stack((-self._across[:, 1], self._across[:, 0]), dim=-1)  # (B, 2), px
        self.points = torch.stack(self._placed(points_px), dim=-1)
        self.places = torch.linspace(0, 1, _PLACES, device=points_px.device) * self.width

    def _placed(self, points_px: Tensor) -> tuple[Tensor, Tensor]:
        """Along and down: (B, N, 2) -> (B, N) twice. Without a matrix product, which autocast would
        compute in half precision; pixels need more."""
        x, y = (points_px - self._start).unbind(dim=-1)
        u, v = (axis[:, :1] * x + axis[:, 1:] * y for axis in (self._across, self.down))
        return u, v

    def of_pixels(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        """Positions of these rows' and columns' pixels, row by row: along and down (B, N)."""
        like = self._start
        y = torch.arange(rows.start, rows.stop, device=like.device, dtype=like.dtype)
        x = torch.arange(columns.start, columns.stop, device=like.device, dtype=like.dtype)
        return self._placed(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(1, -1, 2))

    def nearest(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """u clamped to the corners, and the index of the nearest of `places`: (B, N) twice."""
        inside = torch.minimum(u.clamp_min(0), self.width)
        return inside, (inside * ((_PLACES - 1) / self.width)).round_().long()


def _correct_contour(
    corrected: Tensor,
    flow_px: Tensor,
    source_px: Tensor,
    output_px: Tensor,
    contour: ApertureContour,
) -> None:
    """The error of `flow_px` at one contour's landmarks is taken out of `corrected`, in place."""
    used = sorted({index for curve in contour.curves for index in curve})
    points = output_px[:, used]
    read = warp(flow_px, pixel_to_normalised(points, flow_px.shape[-1])[:, None])[:, :, 0]
    error = source_px[:, used] - points - read.transpose(1, 2)
    largest = error.norm(dim=-1).amax(dim=1)
    weight = smooth_step((largest - _IGNORED_PX[0]) / (_IGNORED_PX[1] - _IGNORED_PX[0]))
    if bool((weight > 0).any()):
        missing = torch.zeros_like(output_px)
        missing[:, used] = weight[:, None, None] * error
        _add_around(corrected, output_px, missing, contour)
    if contour.aperture is not None:
        region = ApertureRegion(source_px, output_px, *contour.aperture, flow_px.shape[-1])
        _keep_heights(corrected, region)


def _add_around(
    corrected: Tensor, output_px: Tensor, missing: Tensor, contour: ApertureContour
) -> None:
    """Add the missing displacement of a contour's landmarks (B, K, 2) around it, in place."""
    frame = EyeLineFrame(output_px, contour.curves[0][0], contour.curves[0][-1])
    ends = contour.curves[0] + contour.curves[-1]
    largest = missing[:, ends].norm(dim=-1).amax(dim=1, keepdim=True)
    reach = torch.maximum(contour.fade * frame.width, _GENTLE * largest)  # (B, 1)
    if contour.until is not None:
        lowest = frame.points[:, contour.curves[-1], 1].amax(dim=1, keepdim=True)
        room = (frame.points[:, contour.until, 1:] - lowest).clamp_min(_LEAST_PX)
        reach = torch.minimum(reach, room)
    rows, columns = _bounds(output_px[:, ends], float(reach.max()), corrected.shape[-1])
    u, v = frame.of_pixels(rows, columns)  # (B, N)
    levels, changes = _between_corners(frame, missing, contour.curves)
    inside, nearest = frame.nearest(u)
    change, aside = _between_curves(v, nearest, levels, changes), u - inside
    above, below = (levels[..., k].gather(1, nearest) for k in (0, -1))
    off = torch.maximum(above - v, v - below).clamp_min_(0)
    distance = (aside.square_() + off.square_()).sqrt_()
    share = (1 - distance / reach).clamp(0, 1)
    pixels = corrected[:, :, rows, columns]
    pixels += (share[:, None] * change).view(pixels.shape)


class ApertureRegion:
    """The output's pixels between an upper and a lower curve from corner to corner.

    rows, columns: their bounds. Of each pixel, row by row (B, N): u: from corner to corner, 0 to 1;
    aside: px beyond a corner; below, above: px under the upper curve and over the lower one,
    negative outside; upper_attached, lower_attached: px from either curve within which the source's
    pixels keep their distance to it; is_shutting: less is seen than in the source.
    """

    def __init__(
        self,
        source_px: Tensor,
        output_px: Tensor,
        upper: tuple[int, ...],
        lower: tuple[int, ...],
        size: int,
    ) -> None:
        before, frame = (
            EyeLineFrame(points, upper[0], upper[-1]) for points in (source_px, output_px)
        )
        self.rows, self.columns = _bounds(output_px[:, upper + lower], 1.0, size)
        u, v = frame.of_pixels(self.rows, self.columns)
        inside, self._nearest = frame.nearest(u)
        self.u, self.aside = inside / frame.width, (u - inside).abs()
        curves, flow = [upper, lower], source_px - output_px
        then, _ = _read_curves(before.places, before.points[:, curves], flow[:, curves])
        now, self._flow = _read_curves(frame.places, frame.points[:, curves], flow[:, curves])
        gap_then, gap_now = then[:, 1] - then[:, 0], now[:, 1] - now[:, 0]
        kept = torch.minimum(gap_then, gap_now).clamp_min(0)
        self.is_shutting = self._at(gap_now - gap_then) < 0
        self.below, self.above = v - self._at(now[:, 0]), self._at(now[:, 1]) - v
        widest = gap_then.amax(dim=1, keepdim=True) / before.width
        lower_share = _LOWER_ATTACHED * smooth_step((widest - _SMILE) / (_WIDE_OPEN - _SMILE))
        self.upper_attached = self._at((1 - lower_share) * kept)
        self.lower_attached = self._at(lower_share * kept)
        self._turn = (before.down - frame.down)[..., None]  # (B, 2, 1)

    def displacement(self) -> Tensor:
        """Displacements px that keep the height of the teeth under either curve: (B, 2, N)."""
        upper, lower = self._flow.unbind(dim=1)  # (B, U, 2)
        upper_depth = torch.minimum(self.below, self.upper_attached)
        lower_depth = torch.minimum(self.above, self.lower_attached)
        ends = []
        for flow, depth in ((upper, upper_depth), (lower, -lower_depth)):
            moved = torch.stack([self._at(flow[..., axis]) for axis in (0, 1)], dim=1)
            ends.append(moved + self._turn * depth[:, None])
        opened = self.below + self.above - self.upper_attached - self.lower_attached
        opened = opened.clamp_min(_THIN_PX)
        share = ((self.below - self.upper_attached) / opened).clamp(0, 1)
        return torch.lerp(ends[0], ends[1], share[:, None])

    def _at(self, values: Tensor) -> Tensor:
        """(B, U) -> the pixels' (B, N)."""
        return values.gather(1, self._nearest)


def _keep_heights(flow_px: Tensor, region: ApertureRegion) -> None:
    """Set the field between two curves, so that teeth keep their height; in place."""
    pixels = flow_px[:, :, region.rows, region.columns]
    edge = torch.where(region.is_shutting, _LIP_PX, 0.0)
    is_inside = (torch.minimum(region.below, region.above) > edge) & (region.aside == 0)
    moved = torch.where(is_inside[:, None], region.displacement(), pixels.flatten(2))
    pixels.copy_(moved.view(pixels.shape))


def _between_corners(
    frame: EyeLineFrame, missing: Tensor, curves: tuple[tuple[int, ...], ...]
) -> tuple[Tensor, Tensor]:
    """All curves, read at U places from corner to corner.

    missing (B, K, 2) -> how far down each curve is, never decreasing from curve to curve
    (B, U, curves); the missing displacement there (B, U, curves, 2)
    """
    chosen = list(curves)
    down, there = _read_curves(frame.places, frame.points[:, chosen], missing[:, chosen])
    levels, changes = down.transpose(1, 2), there.transpose(1, 2)
    apart = _THIN_PX * torch.arange(len(curves), device=missing.device)
    return levels.cummax(dim=2).values + apart, changes


def _between_curves(v: Tensor, nearest: Tensor, levels: Tensor, changes: Tensor) -> Tensor:
    """The missing displacement of pixels between curves: v, nearest (B, N) -> (B, 2, N).

    levels (B, U, curves), changes (B, U, curves, 2): rows `nearest` are the pixels'.
    """
    slopes = 1 / levels.diff(dim=2)
    steps = changes.diff(dim=2)
    x, y = (changes[:, :, 0, axis].gather(1, nearest) for axis in (0, 1))
    for k in range(slopes.shape[2]):
        share = (v - levels[..., k].gather(1, nearest)).mul_(slopes[..., k].gather(1, nearest))
        share.clamp_(0, 1)
        x = x.addcmul_(share, steps[:, :, k, 0].gather(1, nearest))
        y = y.addcmul_(share, steps[:, :, k, 1].gather(1, nearest))
    return torch.stack((x, y), dim=1)


def _read_curves(u: Tensor, curves: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """n polylines (B, n, C, 2) and values on them (B, n, C, 2), read at u (B, U): how far down
    each is (B, n, U), and the values there (B, n, U, 2)."""
    count = curves.shape[2]
    rising = torch.arange(count, device=u.device) * _THIN_PX
    knots = curves[..., 0].cummax(dim=2).values + rising  # (B, n, C)
    at = u[:, None].expand(-1, curves.shape[1], -1).contiguous()
    upper = torch.searchsorted(knots, at).clamp_(1, count - 1)
    table = torch.cat((knots[..., None], curves[..., 1:], values), dim=-1)  # (B, n, C, 4)
    low, high = (
        table.gather(2, index[..., None].expand(-1, -1, -1, 4)) for index in (upper - 1, upper)
    )
    share = ((at - low[..., 0]) / (high[..., 0] - low[..., 0])).clamp_(0, 1)[..., None]
    between = torch.lerp(low[..., 1:], high[..., 1:], share)
    return between[..., 0], between[..., 1:]


def _bounds(points: Tensor, margin: float, size: int) -> tuple[slice, slice]:
    """Rows and columns of a square that lie within a margin of any points (B, C, 2) px."""
    low = (points.amin(dim=(0, 1)) - margin).floor().clamp(0, size - 1).int().tolist()
    high = ((points.amax(dim=(0, 1)) + margin).ceil() + 1).clamp(1, size).int().tolist()
    return slice(low[1], high[1]), slice(low[0], high[0])
