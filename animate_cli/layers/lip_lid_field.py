"""Slits of a face, where one field of motion is not enough: lips and lids part and meet.

A smooth field cannot tear: where two lips that touch are to be a finger apart, it spreads both over
what lies between them. Here it is put right around a slit, by what it misses of the slit's points:

    field ─► read at the points ─► what is missing ─► between the curves through them ─► field

The curves run from corner to corner (outer lip, inner lip, inner lip, outer lip). From one to the
next the correction changes linearly, so that every lip and lid keeps its thickness, and beyond the
outermost curve it fades. Between two lips teeth keep their height, too: what a smile shows hangs
from the upper lip, some of what a wide open mouth shows stands on the lower one, and only what
opens between is spread. At the edges of what opens the field may fold by a pixel.

All lengths are in pixels of the output.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli.layers.grid import pixel_to_normalised, warp
from animate_cli.layers.smoothstep import smooth_step

_THIN_PX = 1e-3
_UNSEEN_PX = 0.5, 1.0  # a slit whose points all miss by less is left alone; by more, put right
_LEAST_PX = 2.0  # that a correction fades over
_LIP_PX = 1.5  # of what shuts, that the lips take along
_GENTLE = 3.0  # a correction fades over so many times its length: in less the field would fold
_PLACES = 256  # along a slit, at which its curves are read
_STANDING = 0.4  # of what a wide open mouth shows goes with the lower lip; the rest hangs
_SMILE, _WIDE = 0.2, 0.5  # gap over width: up to which teeth alone are shown; a wide open mouth


@dataclass(frozen=True, kw_only=True)
class ApertureContour:
    """Curves through equally many landmarks, uppermost first, from the right corner to the left.

    fade: how far beyond the curves the correction reaches at least, over the slit's width; until: a
    landmark under the slit that it does not reach; gap: two curves, upper and lower, between which
    nothing is stretched but the middle; None: there is none.
    """

    curves: tuple[tuple[int, ...], ...]
    fade: float
    until: int | None = None
    gap: tuple[tuple[int, ...], tuple[int, ...]] | None = None


def correct_apertures(
    flow_px: Tensor,
    source_px: Tensor,
    output_px: Tensor,
    slits: tuple[ApertureContour, ...],
    window: Tensor | None = None,
) -> Tensor:
    """The field (B, 2, S, S) px, right at the points of all slits where window (S, S) is 1, within
    half a pixel.

    source_px, output_px (B, K, 2): the field in the output points into the source, p - q at q.
    Where corrections of two slits meet, they add up.
    """
    right = flow_px.clone()
    for slit in slits:
        _follow(right, flow_px, source_px, output_px, slit)
    return right if window is None else torch.lerp(flow_px, right, window)


class EyeLineFrame:
    """A slit's own axes, along from its right corner to its left, and down; lengths stay pixels.

    points (B, K, 2): all landmarks in them; width (B, 1).
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
        """Along and down: (B, N, 2) -> (B, N) twice. No matrix product: those would be computed in
        half precision where a training's convolutions are, and pixels need more."""
        x, y = (points_px - self._start).unbind(dim=-1)
        u, v = (axis[:, :1] * x + axis[:, 1:] * y for axis in (self._across, self.down))
        return u, v

    def of_pixels(self, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
        """Where these rows' and columns' pixels lie, row by row: along, down (B, N)."""
        like = self._start
        y = torch.arange(rows.start, rows.stop, device=like.device, dtype=like.dtype)
        x = torch.arange(columns.start, columns.stop, device=like.device, dtype=like.dtype)
        return self._placed(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(1, -1, 2))

    def nearest(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """u (B, N) between the corners, and which of the `places` is there: (B, N) twice."""
        inside = torch.minimum(u.clamp_min(0), self.width)
        return inside, (inside * ((_PLACES - 1) / self.width)).round_().long()


def _follow(
    right: Tensor, flow_px: Tensor, source_px: Tensor, output_px: Tensor, slit: ApertureContour
) -> None:
    """What `flow_px` misses of one slit is put into `right`."""
    used = sorted({index for curve in slit.curves for index in curve})
    points = output_px[:, used]
    found = warp(flow_px, pixel_to_normalised(points, flow_px.shape[-1])[:, None])[:, :, 0]
    lacking = source_px[:, used] - points - found.transpose(1, 2)
    most = lacking.norm(dim=-1).amax(dim=1)
    heed = smooth_step((most - _UNSEEN_PX[0]) / (_UNSEEN_PX[1] - _UNSEEN_PX[0]))
    if bool((heed > 0).any()):
        missing = torch.zeros_like(output_px)
        missing[:, used] = heed[:, None, None] * lacking
        _correct(right, output_px, missing, slit)
    if slit.gap is not None:
        _keep_heights(right, ApertureRegion(source_px, output_px, *slit.gap, flow_px.shape[-1]))


def _correct(right: Tensor, output_px: Tensor, missing: Tensor, slit: ApertureContour) -> None:
    """Add what is missing at a slit's points (B, K, 2) around it, in place."""
    frame = EyeLineFrame(output_px, slit.curves[0][0], slit.curves[0][-1])
    ends = slit.curves[0] + slit.curves[-1]
    most = missing[:, ends].norm(dim=-1).amax(dim=1, keepdim=True)
    far = torch.maximum(slit.fade * frame.width, _GENTLE * most)  # (B, 1)
    if slit.until is not None:
        lowest = frame.points[:, slit.curves[-1], 1].amax(dim=1, keepdim=True)
        room = (frame.points[:, slit.until, 1:] - lowest).clamp_min(_LEAST_PX)
        far = torch.minimum(far, room)
    rows, columns = _reach(output_px[:, ends], float(far.max()), right.shape[-1])
    u, v = frame.of_pixels(rows, columns)  # (B, N)
    levels, changes = _between_corners(frame, missing, slit.curves)
    inside, nearest = frame.nearest(u)
    change, aside = _between(v, nearest, levels, changes), u - inside
    above, below = (levels[..., k].gather(1, nearest) for k in (0, -1))
    off = torch.maximum(above - v, v - below).clamp_min_(0)
    beyond = (aside.square_() + off.square_()).sqrt_()
    share = (1 - beyond / far).clamp(0, 1)
    place = right[:, :, rows, columns]
    place += (share[:, None] * change).view(place.shape)


class ApertureRegion:
    """What lies between two curves from corner to corner, in the output.

    rows, columns: where it is. Of its pixels, row by row (B, N): u: from corner to corner, 0 to 1;
    aside: px beyond a corner; below, above: px under the upper curve and over the lower one,
    negative outside; hanging, standing: px within which the source shows the same there;
    is_shutting: less is seen than in the source.
    """

    def __init__(
        self,
        source_px: Tensor,
        output_px: Tensor,
        upper: tuple[int, ...],
        lower: tuple[int, ...],
        size: int,
    ) -> None:
        still, frame = (
            EyeLineFrame(points, upper[0], upper[-1]) for points in (source_px, output_px)
        )
        self.rows, self.columns = _reach(output_px[:, upper + lower], 1.0, size)
        u, v = frame.of_pixels(self.rows, self.columns)
        inside, self._nearest = frame.nearest(u)
        self.u, self.aside = inside / frame.width, (u - inside).abs()
        curves, motion = [upper, lower], source_px - output_px
        before, _ = _read_curves(still.places, still.points[:, curves], motion[:, curves])
        now, self._motion = _read_curves(frame.places, frame.points[:, curves], motion[:, curves])
        had, has = before[:, 1] - before[:, 0], now[:, 1] - now[:, 0]
        kept, self.is_shutting = torch.minimum(had, has).clamp_min(0), self._at(has - had) < 0
        self.below, self.above = v - self._at(now[:, 0]), self._at(now[:, 1]) - v
        widest = had.amax(dim=1, keepdim=True) / still.width
        stands = _STANDING * smooth_step((widest - _SMILE) / (_WIDE - _SMILE))  # (B, 1)
        self.upper_attached, self.lower_attached = (
            self._at(s * kept) for s in (1 - stands, stands)
        )
        self._turn = (still.down - frame.down)[..., None]  # (B, 2, 1)

    def motion(self) -> Tensor:
        """Displacements that keep the height of what is shown under either curve: (B, 2, N)."""
        upper, lower = self._motion.unbind(dim=1)  # (B, U, 2)
        hung, stood = (
            torch.minimum(self.below, self.upper_attached),
            torch.minimum(self.above, self.lower_attached),
        )
        ends = []
        for motion, depth in ((upper, hung), (lower, -stood)):
            moved = torch.stack([self._at(motion[..., axis]) for axis in (0, 1)], dim=1)
            ends.append(moved + self._turn * depth[:, None])
        opened = (self.below + self.above - self.upper_attached - self.lower_attached).clamp_min(
            _THIN_PX
        )
        share = ((self.below - self.upper_attached) / opened).clamp(0, 1)
        return torch.lerp(ends[0], ends[1], share[:, None])

    def _at(self, values: Tensor) -> Tensor:
        """(B, U) -> the pixels' (B, N)."""
        return values.gather(1, self._nearest)


def _keep_heights(flow_px: Tensor, gap: ApertureRegion) -> None:
    """What the field is between two curves, in place."""
    place = flow_px[:, :, gap.rows, gap.columns]
    edge = torch.where(gap.is_shutting, _LIP_PX, 0.0)
    is_inside = (torch.minimum(gap.below, gap.above) > edge) & (gap.aside == 0)
    moved = torch.where(is_inside[:, None], gap.motion(), place.flatten(2))
    place.copy_(moved.view(place.shape))


def _between_corners(
    frame: EyeLineFrame, missing: Tensor, curves: tuple[tuple[int, ...], ...]
) -> tuple[Tensor, Tensor]:
    """All curves at U places from corner to corner.

    missing (B, K, 2) -> how far down each curve is, ever further (B, U, curves); what is missing
    there (B, U, curves, 2)
    """
    chosen = list(curves)
    down, lacking = _read_curves(frame.places, frame.points[:, chosen], missing[:, chosen])
    levels, changes = down.transpose(1, 2), lacking.transpose(1, 2)
    apart = _THIN_PX * torch.arange(len(curves), device=missing.device)
    return levels.cummax(dim=2).values + apart, changes


def _between(v: Tensor, nearest: Tensor, levels: Tensor, changes: Tensor) -> Tensor:
    """Between which curves pixels lie, and so what they miss: v, nearest (B, N) -> (B, 2, N).

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
    """n polylines (B, n, C, 2) and values on them (B, n, C, 2), read at u (B, U): (B, n, U),
    (B, n, U, 2)."""
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


def _reach(points: Tensor, margin: float, size: int) -> tuple[slice, slice]:
    """Rows and columns of a square that lie within a margin of any points (B, C, 2) px."""
    low = (points.amin(dim=(0, 1)) - margin).floor().clamp(0, size - 1).int().tolist()
    high = ((points.amax(dim=(0, 1)) + margin).ceil() + 1).clamp(1, size).int().tolist()
    return slice(low[1], high[1]), slice(low[0], high[0])
