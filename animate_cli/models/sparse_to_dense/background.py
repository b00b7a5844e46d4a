"""Split a photo into person and background, warp the person alone, and composite both.

Ours, around eq. 1 of Zhao et al. 2021, whose warp bends the background along with the head.

    symbol | name   | shape        | equation
    S      | face   | (B, 3, S, S) | the photo
    α      | matte  | (B, 1, S, S) | the person's share of each pixel, from the matte network
    n, w   | tight, dilated | (B, 1, S, S) | α > 0.5, grown by `TIGHT_PX` and by `DILATED_PX`
    B      | filled | (B, 3, S, S) | S, inpainted from around where w = 1
    F      | grid   | (B, S, S, 2) | backward: where the person's pixels come from
    h      | disoccluded | (B, 1, S, S) | where B is seen: n where F rests, w where F moves
    a      | share  | (B, 1, S, S) | W(α, F): the person's share of each output pixel
    b      | behind | (B, 3, S, S) | S + h ⊙ (B − S)
    E      | warped | (B, 3, S, S) | b + a ⊙ (W(S, F) − b), in place of eq. 1's W(S, F)

W(x, F) is x warped by the grid F. An outline is never exact. Where a head leaves its place, no
part of its old outline may stay behind, so the mask is the dilated one. Where it rests, the pixels
that touch it must not be smeared, so the mask is the tight one.

Departures from the paper: all of it; a switch of the config (`layered`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.grid import identity_grid, warp, warp_sharply

TIGHT_PX, DILATED_PX = 1, 2  # of 256: growth of the mask where the matte is above a half
NEAR_CELLS = 2  # of 64: width of the band around a person in which the network may paint
MOVING_PX = (1.0, 4.0)  # of 256: from rest to motion
_MOVES = 0.1  # share of the person from which a pixel moves with it
_SURE = (0.35, 0.65)  # a matte below the first counts as 0, above the second as 1


@dataclass(frozen=True, kw_only=True, eq=False)
class BackgroundLayers:
    """A photo split into person and background: α, n, w, B of the module's table."""

    matte: Tensor
    tight: Tensor
    dilated: Tensor
    filled: Tensor

    def expand(self, count: int) -> BackgroundLayers:
        """The same photo for `count` drivers."""
        return BackgroundLayers(
            matte=self.matte.expand(count, -1, -1, -1),
            tight=self.tight.expand(count, -1, -1, -1),
            dilated=self.dilated.expand(count, -1, -1, -1),
            filled=self.filled.expand(count, -1, -1, -1),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Composite:
    """The moved person over the background: E, a, h of the module's table.

    flow (B, 2, S, S): a ⊙ (F − identity); near (B, 1, S, S): 1 on and around the person, before and
    after the motion, 0 where the photo is unchanged.
    """

    warped: Tensor
    flow: Tensor
    share: Tensor
    disoccluded: Tensor
    near: Tensor


def split_background(face: Tensor, matte: Tensor) -> BackgroundLayers:
    """S (B, 3, S, S) and α (B, 1, S, S), both in [0, 1] -> the layers of the module's table."""
    low, high = _SURE
    person = (matte > 0.5).to(face.dtype)
    dilated = _grown(person, DILATED_PX)
    return BackgroundLayers(
        matte=((matte - low) / (high - low)).clamp(0, 1),
        tight=_grown(person, TIGHT_PX),
        dilated=dilated,
        filled=inpaint_pull_push(face, 1 - dilated),
    )


def composite(face: Tensor, layers: BackgroundLayers, grid: Tensor) -> Composite:
    """The person of S (B, 3, S, S), moved by F (B, S, S, 2), over the background at rest."""
    size = grid.shape[1]
    identity = identity_grid(size, size, device=grid.device, dtype=grid.dtype)
    flow = (grid - identity).permute(0, 3, 1, 2)
    share = warp(layers.matte, grid)
    disoccluded = torch.lerp(layers.tight, layers.dilated, _moving(flow.detach()))
    behind = _over(face, layers.filled, disoccluded)
    warped = _over(behind, warp_sharply(face, grid), share)
    near = _near(torch.maximum(share.detach(), layers.dilated))
    return Composite(
        warped=warped, flow=share * flow, share=share, disoccluded=disoccluded, near=near
    )


def split_grid(
    grid: Tensor, mask: Tensor, share: Tensor, disoccluded: Tensor
) -> tuple[Tensor, Tensor]:
    """Grid and mask for the photo's full resolution: background pixels point at themselves.

    The mask is high where the photo's full resolution has no valid detail: where M is set, where
    the background was inpainted, and at the person's edge, by the share that it does not cover.
    grid F, mask M, share a, disoccluded h -> (B, S, S, 2), (B, 1, S, S)
    """
    size = grid.shape[1]
    identity = identity_grid(size, size, device=grid.device, dtype=grid.dtype)
    moves = share > _MOVES
    kept = torch.where(moves, share, 1 - disoccluded) * (1 - mask)
    return torch.where(moves[:, 0, ..., None], grid, identity), 1 - kept


def _moving(flow: Tensor) -> Tensor:
    """0 where F rests, 1 where it moves, by `MOVING_PX`: (B, 2, S, S) -> (B, 1, S, S)."""
    px = 128 * (flow[:, :1].square() + flow[:, 1:].square()).sqrt()
    rest, moving = MOVING_PX
    return ((px - rest) / (moving - rest)).clamp(0, 1)


def inpaint_pull_push(picture: Tensor, known: Tensor) -> Tensor:
    """Unknown pixels, inpainted from those around them.

    Gortler et al. 1996, *The Lumigraph*, section 3.4 (pull-push).
    picture (B, 3, S, S), known (B, 1, S, S) in [0, 1] -> (B, 3, S, S), unchanged where known = 1
    """
    pulled = [(picture * known, known)]
    while min(pulled[-1][1].shape[-2:]) > 1:
        colour, weight = (4 * F.avg_pool2d(x, 2, ceil_mode=True) for x in pulled[-1])
        full = weight.clamp_min(1)
        pulled.append((colour / full, weight / full))
    pushed, weight = pulled[-1]
    pushed = pushed / weight.clamp_min(1e-6)
    for colour, weight in pulled[-2::-1]:
        size = colour.shape[-2:]
        coarse = F.interpolate(pushed, size, mode="bilinear", align_corners=False)
        pushed = colour + (1 - weight) * coarse
    return pushed


def _over(below: Tensor, above: Tensor, share: Tensor) -> Tensor:
    """below + share (above − below); `torch.lerp` is three times as slow for one share channel."""
    return torch.addcmul(below, share, above - below)


def _near(person: Tensor) -> Tensor:
    """1 around the person, 0 farther away: (B, 1, S, S) -> the same shape."""
    size = person.shape[-1]
    cells = F.max_pool2d(person, max(1, size // 64))
    grown = F.max_pool2d(cells, 2 * NEAR_CELLS + 1, stride=1, padding=NEAR_CELLS)
    return F.interpolate(grown, (size, size), mode="bilinear", align_corners=False)


def _grown(mask: Tensor, px: int) -> Tensor:
    """The maximum within `px` of 256 pixels: (B, 1, S, S) -> the same shape."""
    radius = max(1, round(px * mask.shape[-1] / 256))
    rows = F.max_pool2d(mask, (2 * radius + 1, 1), stride=1, padding=(radius, 0))
    return F.max_pool2d(rows, (1, 2 * radius + 1), stride=1, padding=(0, radius))
