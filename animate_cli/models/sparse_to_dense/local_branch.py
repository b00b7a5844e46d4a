"""A local branch: dense motion and painted colours around one eye or the mouth.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.2 and
eq. 3. The source's patch is cut around the *source's* eye or mouth; the branch's result is merged
around the *driver's*.

    symbol | name   | shape           | equation
    S_lm   | source | (B, K, 2)       | all landmarks of the source, normalised
    D_lm   | driver | (B, K, 2)       | all landmarks of the driver, normalised
    r_L    | output_region | B squares    | eq. 3: the region around the driver's part
    f_L    | field[:, :2] | (B, 2, p/f, p/f) | displacement in the source region's coordinates
    m_L    | field[:, 2:] | (B, 1, p/f, p/f) | eq. 3: the share of the local motion
    f̂_L    | moved  | (B, 2, h, w)    | eq. 3: f_L shifted and scaled into the whole face
    F      | `merge` | (B, 2, s, s)   | eq. 3: f_G (1 − m_L) + f̂_L m_L in r_L, else f_G
    Δ_L    | paint[:, :3] | (B, 3, p, p) | ours: change of colour

p is the side of the patch, f the branch's `fold`, h x w the pixels of r_L.

Departures from the paper
    resolution  eq. 3 is merged at the side of `flow`, 128 pixels in the embedded weights
                (`SparseMotionConfig.field`); the paper merges at 256
    window      m_L fades out towards the edges of its patch, so that the merged field has no seams
    paint       a switch: the branch also paints R_L = E + Δ_L with a mask of its own, over the
                whole face's R and M. A patch is always as large as its part, so that teeth and
                lids are learned in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from animate_cli.layers.grid import identity_grid, normalised_to_pixel, warp
from animate_cli.layers.pixel_shuffle import channels_to_pixels
from animate_cli.layers.roi import LandmarkRegion, landmark_region
from animate_cli.models.sparse_to_dense.motion_branch import FLOW_GAIN, BranchConfig, MotionBranch
from animate_cli.models.sparse_to_dense.refinement import smooth_mask

_FIELD, _PAINT = 3, 4  # channels: displacement and share; colour and mask


@dataclass(frozen=True, kw_only=True)
class PartConfig:
    """One part of the face: its landmarks, and its patch's side over their box's longer side."""

    landmarks: tuple[int, ...]
    margin: float


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalMotion:
    """The output of one local branch.

    source_region, output_region: the part's square in source and output; field (B, 3, p/f, p/f),
    f the branch's `fold`: displacement in the source region's own coordinates, and share m_L; paint
    (B, 5, p, p): Δ_L in [-1, 1], mask, and window; None: this branch does not paint.
    """

    source_region: LandmarkRegion
    output_region: LandmarkRegion
    field: Tensor
    paint: Tensor | None


class LocalBranch(nn.Module):
    """The whole face's tensors in, the `LocalMotion` of one part of the face out."""

    def __init__(
        self, part: PartConfig, config: BranchConfig, *, patch: int, has_prior: bool, paints: bool
    ) -> None:
        super().__init__()
        self._part, self._patch, self._paints = part, patch, paints
        self._fold = config.fold
        self.branch = MotionBranch(
            config,
            points=len(part.landmarks),
            size=patch,
            outputs=_FIELD + (_PAINT * config.fold**2 if paints else 0),
            has_prior=has_prior,
        )

    def encode(self, face: Tensor, source: Tensor) -> list[Tensor]:
        """face (B, 3, S, S), all its landmarks (B, K, 2) normalised -> features of the patch."""
        own = source[:, self._part.landmarks]
        region = landmark_region(own, self._part.margin)
        return self.branch.encode(region.cut(face, self._patch), region.into(own))

    def decode(
        self, features: list[Tensor], source: Tensor, driver: Tensor, prior: Tensor | None
    ) -> LocalMotion:
        """Features of `encode`, all landmarks (B, K, 2) normalised, prior grid (B, S, S, 2)."""
        points = [landmarks[:, self._part.landmarks] for landmarks in (source, driver)]
        source_region, output_region = (landmark_region(own, self._part.margin) for own in points)
        placed = None
        if prior is not None:
            cut = output_region.cut(prior.permute(0, 3, 1, 2), self._patch)
            placed = source_region.into(cut.permute(0, 2, 3, 1))
        output = self.branch.decode(
            features, source_region.into(points[0]), output_region.into(points[1]), placed
        )
        share = output[:, 2:3].sigmoid() * _window(output.shape[-1], output)
        field = torch.cat((output[:, :2] / FLOW_GAIN, share), dim=1)
        paint = self._paint(output[:, _FIELD:]) if self._paints else None
        return LocalMotion(
            source_region=source_region, output_region=output_region, field=field, paint=paint
        )

    def _paint(self, output: Tensor) -> Tensor:
        """Packed pixels (B, 4 f², p/f, p/f) -> `LocalMotion.paint`."""
        colours = 3 * self._fold**2
        change = channels_to_pixels(output[:, :colours], self._fold).tanh()
        mask = smooth_mask(output[:, colours:], self._patch)
        window = _window(self._patch, output)
        return torch.cat((change, mask * window, window.expand(len(mask), -1, -1, -1)), dim=1)


def merge(flow: Tensor, local: LocalMotion, *, has_prior: bool) -> Tensor:
    """Eq. 3 for one region: f_G (1 − m) + f̂ m in the region around the driver's part.

    flow (B, 2, s, s): the displacement added to the prior, or to the identity where there is no
    prior; without a prior f̂ starts at the affine map from the driver's region to the source's.
    """
    place = _place(local.output_region, flow)
    own = _region_coordinates(local.output_region, flow, place)  # (B, h, w, 2)
    read = warp(local.field, own)  # (B, 3, h, w); m is 0 on the patch's edge, and beyond it
    moved = read[:, :2] * local.source_region.half.view(-1, 1, 1, 1)
    if not has_prior:
        moved = moved + (local.source_region.out(own) - local.output_region.out(own)).permute(
            0, 3, 1, 2
        )
    return _replaced(flow, place, torch.lerp(_pixels_of(flow, place), moved, read[:, 2:]))


class Layers(NamedTuple):
    """Pictures over which a local branch paints: E unchanged; T, M, and R with all paint on it."""

    warped: Tensor
    image: Tensor
    mask: Tensor
    painted: Tensor


def overlay(below: Layers, local: LocalMotion) -> Layers:
    """The branch's paint over the whole face's: (B, 3 / 3 / 1 / 3, S, S).

    Eq. 2 once more within the region; M becomes the union of both masks. R takes the branch's paint
    regardless of its mask, so that the paint learns everywhere. Without gradients `below` is
    overwritten, because copying whole pictures takes long.
    """
    if local.paint is None:
        return below
    place = _place(local.output_region, below.image)
    read = warp(
        local.paint, _region_coordinates(local.output_region, below.image, place)
    )  # (B, 5, h, w)
    under = Layers(*(_pixels_of(layer, place) for layer in below))
    colour, mask, window = under.warped + read[:, :3], read[:, 3:4], read[:, 4:]
    return Layers(
        warped=below.warped,
        image=_replaced(below.image, place, torch.lerp(under.image, colour, mask)),
        mask=_replaced(below.mask, place, under.mask + mask - under.mask * mask),
        painted=_replaced(below.painted, place, torch.lerp(under.painted, colour, window)),
    )


class _Place(NamedTuple):
    """Rows and columns of a picture."""

    rows: slice
    columns: slice


def _place(region: LandmarkRegion, like: Tensor) -> _Place:
    """Bounds of the pixels of (B, C, s, s) that any of B regions reaches."""
    side = like.shape[-1]
    low = normalised_to_pixel(region.centre - region.half, side).amin(dim=0).floor()
    high = normalised_to_pixel(region.centre + region.half, side).amax(dim=0).ceil() + 1
    columns, rows = torch.stack((low, high), dim=-1).clamp(0, side).int().tolist()
    return _Place(slice(*rows), slice(*columns))


def _pixels_of(layer: Tensor, place: _Place) -> Tensor:
    """(B, C, s, s) -> (B, C, h, w)."""
    return layer[..., place.rows, place.columns]


def _replaced(layer: Tensor, place: _Place, inner: Tensor) -> Tensor:
    """The layer (B, C, s, s) with the pixels of that place replaced by `inner` (B, C, h, w)."""
    other = layer.clone() if torch.is_grad_enabled() else layer
    other[..., place.rows, place.columns] = inner
    return other


def _region_coordinates(region: LandmarkRegion, like: Tensor, place: _Place) -> Tensor:
    """Positions of the place's pixels in a region's own coordinates: (B, h, w, 2)."""
    side = like.shape[-1]
    pixels = identity_grid(side, side, device=like.device, dtype=like.dtype)
    return region.into(pixels[:, place.rows, place.columns].expand(len(like), -1, -1, -1))


def _window(size: int, like: Tensor) -> Tensor:
    """1 in the middle of a patch, 0 on its edge, smooth between: (1, 1, p, p)."""
    ramp = torch.arange(size, device=like.device, dtype=like.dtype)
    near = (torch.minimum(ramp, size - 1 - ramp) / (size / 8)).clamp(0, 1)
    side = near * near * (3 - 2 * near)
    return (side[:, None] * side)[None, None]
