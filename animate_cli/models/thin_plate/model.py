"""The thin-plate model: landmarks alone move the photo; it has no weights and needs no training.

Ours, on the radial spline of Bookstein 1989 (`models.thin_plate.radial_spline`). The spline goes
through control points: the 74 landmarks, an outline that follows the head
(`models.thin_plate.head_outline`), and pinned points on the border of the square. The grid is
backward: it lives in the output and points into the source.

    symbol | name          | shape        | equation
    p      | source points | (B, K, 2)    | `LandmarkGrid._controls`, pixels
    q      | output points | (B, K, 2)    | `LandmarkGrid._controls`, pixels
    f      | displacement  | (B, 2, S, S) | eq. 5 of Bookstein: f(q_k) = p_k − q_k, pixels

Departures from the paper: landmarks alone would stretch the skull and leave the hair behind, so
    outline  each outline point gives way softly before it comes too near the pinned border
    room     the face keeps `LEAST_ROOM` of its distance to each edge of the square
    order    lids and lips that face each other keep their order and a little of their distance;
             otherwise the skin between them would turn inside out; pupils stay between the lids
    aperture lips and lids part where a smooth field would stretch both (`layers.lip_lid_field`)
    jaw      the contour between two jaw points follows them
    brows    the lower edge of each brow follows its upper one, so that it keeps its thickness
    border   f fades to zero within `FADE_PX` of the edge, so that the square can be pasted back
    calm     far from the head f is shortened by `CALM_PX`: fine texture there shimmers otherwise
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from animate_cli.faces.points import (
    CHIN,
    JAW,
    LEFT_BROW,
    LOWER_INNER_LIP,
    RIGHT_BROW,
    UPPER_INNER_LIP,
)
from animate_cli.faces.retargeting.eye_mouth_aperture import (
    EYES_AND_MOUTH,
    MOUTH,
    EyeOrMouth,
    apertures,
    keep_pupils,
    set_apertures,
    width,
)
from animate_cli.faces.retargeting.retarget import retarget_landmarks
from animate_cli.faces.shape3d import rigid_head as head
from animate_cli.layers.grid import identity_grid, warp
from animate_cli.layers.lip_lid_field import ApertureContour, correct_apertures
from animate_cli.layers.smoothstep import smooth_step
from animate_cli.models.base import ALONE
from animate_cli.models.thin_plate.head_outline import HeadOutline, across_eyes, length
from animate_cli.models.thin_plate.radial_spline import RadialSpline
from animate_cli.options import MotionOptions
from animate_cli.records import LANDMARKS, OpenEdges, Rendered

FACE_SIZE = 256
FADE_PX = 12.0
BROW_THICKNESS = 0.09  # of the distance between the outer eye corners
LEAST_ROOM = 0.45
LEAST_GAP, LIDS_KEPT = 0.04, 0.2  # of the width of the eye or mouth; of the gap before
CALM_PX, CALM_FROM = 0.4, 0.15
APERTURES = (
    ApertureContour(
        curves=(
            (48, 49, 50, 51, 52, 53, 54),
            (48, *UPPER_INNER_LIP, 54),
            (48, *LOWER_INNER_LIP, 54),
            (48, 59, 58, 57, 56, 55, 54),
        ),
        fade=0.3,
        until=CHIN,
        aperture=(UPPER_INNER_LIP, LOWER_INNER_LIP),
    ),
    ApertureContour(curves=((36, 37, 68, 38, 39), (36, 41, 69, 40, 39)), fade=0.3),
    ApertureContour(curves=((42, 43, 70, 44, 45), (42, 47, 71, 46, 45)), fade=0.3),
)
_YIELD = 0.5  # an outline point moves at most this share of its distance to the border
_BODY_YIELD = 0.7  # the same for a body point: the body goes on behind the border
_BORDER_POINTS = 9  # along each edge


@dataclass(frozen=True, kw_only=True, eq=False)
class ThinPlateSource:
    """The encoded portrait: face (1, 3, S, S), landmarks (1, 74, 2) in face pixels."""

    face: Tensor
    landmarks: Tensor


class ThinPlate:
    """The `FaceModel` whose driver code is the landmarks themselves, (B, 74, 2) in face pixels."""

    face_size: int = FACE_SIZE

    def __init__(self, *, device: torch.device | str = "cpu") -> None:
        self._grid = LandmarkGrid(self.face_size, device=device)

    def frame_encoder(self) -> None:
        """Landmarks are enough for this model."""
        return

    def encode_source(
        self, face: Tensor, landmarks: Tensor, open_edges: OpenEdges = ALONE
    ) -> ThinPlateSource:
        """face (1, 3, S, S) in [0, 1], landmarks (1, 74, 2) in face pixels.

        open_edges is not used: the border of the square rests at every edge.
        """
        del open_edges
        return ThinPlateSource(face=face, landmarks=landmarks)

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        """The landmarks alone are the code: (B, 74, 2) in face pixels."""
        del faces
        return landmarks[:, :LANDMARKS]

    def retarget(
        self, source: ThinPlateSource, driver: Tensor, anchor: Tensor, options: MotionOptions
    ) -> Tensor:
        """Driver (B, 74, 2) and anchor (1, 74, 2) -> the source's own points, moved (B, 74, 2)."""
        return retarget_landmarks(source.landmarks, driver, anchor, options)

    def render(
        self, source: ThinPlateSource, drivers: Tensor, state: None = None
    ) -> tuple[Rendered, None]:
        """Warp the source face so that its landmarks lie at `drivers` (B, 74, 2)."""
        del state
        grid = self._grid.grid(source.landmarks.expand_as(drivers), drivers)
        face = warp(source.face.expand(len(drivers), -1, -1, -1), grid)
        return Rendered(face=face, grid=grid, refine_mask=None), None


def create_model(*, device: torch.device | str) -> ThinPlate:
    """The model, for `models.find`."""
    return ThinPlate(device=device)


class LandmarkGrid:
    """Landmarks in source and output -> a smooth backward grid over a square of `size` pixels."""

    def __init__(
        self, size: int, *, coarseness: float = 1.0, device: torch.device | str = "cpu"
    ) -> None:
        self.size = size
        self._spline = RadialSpline(size, coarseness=coarseness, device=device)
        self._fade = _fade(self._spline.nodes, size)  # (L, L)
        self._fade_pixels = _fade(torch.arange(size, device=device), size)  # (S, S)
        self._border = _border_points(size).to(device)
        self._outline = HeadOutline(device)
        self._identity = identity_grid(size, size, device=device)

    def grid(self, source_px: Tensor, output_px: Tensor, body: Tensor | None = None) -> Tensor:
        """Landmarks in source and output (B, 74, 2), px -> backward grid (B, S, S, 2).

        body (B, 26, 2): motion of neck, shoulders and hair that the head does not explain, in units
        of the head (`faces.tracking.body_motion`); None: it was not tracked, and there are no
        control points on shoulders and hair.
        """
        source_px, output_px = kept_apart(source_px, self.keep_room(source_px, output_px))
        p, q = self._controls(source_px, output_px, body)
        flow_px = self._spline.field(q, p - q, self._fade, self._calm(q))  # (B, 2, S, S)
        flow_px = correct_apertures(flow_px, source_px, output_px, APERTURES, self._fade_pixels)
        return self._identity + flow_px.permute(0, 2, 3, 1) * (2 / self.size)

    def _calm(self, controls_px: Tensor) -> Tensor:
        """By how much displacements are shortened at each node: (B, K, 2) -> (B, L, L) px.

        0 on the head, `CALM_PX` at `CALM_FROM` of the head's width outside its bounding box.
        """
        head_px = controls_px[:, : LANDMARKS + head.SKULL_POINTS]
        low, high = head_px.amin(dim=1), head_px.amax(dim=1)  # (B, 2)
        nodes = self._spline.nodes
        outside = torch.maximum(low[..., None] - nodes, nodes - high[..., None]).clamp_min(0)
        x, y = outside[:, 0, None, :], outside[:, 1, :, None]
        reach = CALM_FROM * (high - low)[:, :1, None].clamp_min(1)
        return CALM_PX * smooth_step((x.square() + y.square()).sqrt() / reach)

    def keep_room(self, source_px: Tensor, output_px: Tensor) -> Tensor:
        """Landmarks (B, 74, 2) px, shifted back into the square where they come too near an edge.

        Each edge keeps `LEAST_ROOM` of its distance to the source's face. `grid` applies this, too.
        """
        last = self.size - 1
        low, high = source_px.amin(dim=1), last - source_px.amax(dim=1)
        room_low = torch.minimum(LEAST_ROOM * low, low)  # below 0 where it reached over the edge
        room_high = torch.minimum(LEAST_ROOM * high, high)
        over_low = (room_low - output_px.amin(dim=1)).clamp_min(0)
        over_high = (room_high - (last - output_px.amax(dim=1))).clamp_min(0)
        return output_px + (over_low - over_high)[:, None]

    def _controls(
        self, source_px: Tensor, output_px: Tensor, body: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """All control points, landmarks first: p, q (B, K, 2) px."""
        last = self.size - 1
        outline, moved = self._outline(source_px, output_px, body)
        edge = torch.minimum(outline, last - outline).amin(dim=-1, keepdim=True)
        outline = outline.clamp(1, last - 1)
        reached = outline + _at_most(moved, _yield_of(outline, body) * edge)
        border = self._border.expand(len(source_px), -1, -1)
        p = torch.cat((source_px, outline, _between(source_px), border), dim=1)
        q = torch.cat((output_px, reached, _between(output_px), border), dim=1)
        return p, q


def _fade(places_px: Tensor, size: int) -> Tensor:
    """0 on the edges of a square, 1 from `FADE_PX` on: places along an axis (L,) -> (L, L)."""
    fade = smooth_step(torch.minimum(places_px, size - 1 - places_px) / FADE_PX)
    return fade[:, None] * fade


def kept_apart(source_px: Tensor, output_px: Tensor) -> tuple[Tensor, Tensor]:
    """Landmarks (B, 74, 2) px of source and output, with lids and lips in order.

    Facing points are at least `LEAST_GAP` apart, lids in the output also at least `LIDS_KEPT` of
    the source's gap, and pupils lie between the lids; all other landmarks stay. Retargeted
    landmarks are in order already (`faces.retargeting.retarget`); those of training videos are not.
    """
    for feature in EYES_AND_MOUTH:
        none = torch.zeros_like(apertures(source_px, feature))
        source_px = _keep_open(source_px, feature, none)
        kept = 0.0 if feature is MOUTH else LIDS_KEPT
        output_px = _keep_open(output_px, feature, kept * apertures(source_px, feature))
    return source_px, keep_pupils(output_px, source_px)


def _keep_open(points: Tensor, feature: EyeOrMouth, least: Tensor) -> Tensor:
    """Landmarks (B, 74, 2) px whose facing pairs are at least `least` (B, pairs) px and
    `LEAST_GAP` apart."""
    gaps = apertures(points, feature)
    least = torch.maximum(least, LEAST_GAP * width(points, feature))
    return set_apertures(points, feature, torch.maximum(gaps, least))


def _yield_of(outline: Tensor, body: Tensor | None) -> Tensor:
    """Shares of their distance to the border for outline points (B, N, 2): (N, 1)."""
    shares = outline.new_full((outline.shape[1], 1), _YIELD)
    if body is not None:
        shares[-body.shape[1] :] = _BODY_YIELD
    return shares


def _at_most(vectors: Tensor, limit: Tensor) -> Tensor:
    """Vectors (..., 2), shortened smoothly below a limit (..., 1); zero where the limit is <= 0."""
    share = length(vectors) / limit.clamp_min(1e-3)
    return torch.where(limit > 0, vectors * (1 + share**4) ** -0.25, 0)


def _between(landmarks: Tensor) -> Tensor:
    """Control points between landmarks, which move with them: (B, 74, 2) -> (B, N, 2)."""
    return torch.cat((_brow_undersides(landmarks), _jaw_middles(landmarks)), dim=1)


def _jaw_middles(landmarks: Tensor) -> Tensor:
    """Points half-way between neighbours on the jaw: (B, 74, 2) -> (B, 16, 2).

    Landmarks on the jaw are unevenly spaced; where they are far apart, the contour between them
    would spring back towards the still background when the head turns.
    """
    jaw = landmarks[:, JAW]
    return (jaw[:, 1:] + jaw[:, :-1]) / 2


def _brow_undersides(landmarks: Tensor) -> Tensor:
    """Points under the brows, whose upper edges are landmarks: (B, 74, 2) -> (B, 10, 2).

    Without them a brow grows thick when the lid below it closes.
    """
    across = across_eyes(landmarks)
    down = torch.stack((-across[..., 1], across[..., 0]), dim=-1)
    return landmarks[:, RIGHT_BROW + LEFT_BROW] + BROW_THICKNESS * down


def _border_points(size: int) -> Tensor:
    """Points along the edges of a square, (N, 2) px."""
    side = torch.linspace(0, size - 1, _BORDER_POINTS)
    low, high = torch.zeros_like(side), torch.full_like(side, size - 1)
    edges = [torch.stack(pair, -1)[:-1] for pair in ((side, low), (high, side))]
    edges += [torch.stack(pair, -1)[1:] for pair in ((side, high), (low, side))]
    return torch.cat(edges)
