"""What lies behind a person stands still: a photo taken apart, and put together again.

Ours; the paper's grid bends a photo's background along with the head.

    symbol | name   | shape        | here
    S      | face   | (B, 3, S, S) | the photo
    α      | matte  | (B, 1, S, S) | the person's share of its pixels, `layers.matte`
    h      | hidden | (B, 1, S, S) | 1 where α > 1/2, and `AROUND_PX` about: nobody knows what
    B      | behind | (B, 3, S, S) | S, where h = 1 filled from around
    a      | share  | (B, 1, S, S) | W(α, F): the person's share of the pixels that are drawn
    E      | warped | (B, 3, S, S) | B + a ⊙ (W(S, F) − B), in place of eq. 1's
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from animate_cli.layers.grid import identity_grid, warp

AROUND_PX = 2  # of 256: an outline is no sharper
NEAR_PX = 6  # of 256: so far about a person there is something to mend
_PRESENT = 0.1  # share from which a pixel moves with the person
_SURE = (0.35, 0.65)  # mattes below and above are nothing and all


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """A photo taken apart; letters as in the module's table."""

    matte: Tensor
    hidden: Tensor
    behind: Tensor

    def expand(self, count: int) -> Standing:
        """The same photo for `count` drivers."""
        return Standing(
            matte=self.matte.expand(count, -1, -1, -1),
            hidden=self.hidden.expand(count, -1, -1, -1),
            behind=self.behind.expand(count, -1, -1, -1),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Laid:
    """The person moved, before what stands: E, a, and near (B, 1, S, S): 1 where the person is or
    was, and about, 0 where the photo is as it was."""

    warped: Tensor
    share: Tensor
    near: Tensor


def take_apart(face: Tensor, matte: Tensor) -> Standing:
    """S (B, 3, S, S) and α (B, 1, S, S), both in [0, 1]."""
    low, high = _SURE
    matte = ((matte - low) / (high - low)).clamp(0, 1)
    hidden = _grown((matte > 0.5).to(face.dtype), AROUND_PX)
    behind = torch.lerp(face, filled(face, 1 - hidden), hidden)
    return Standing(matte=matte, hidden=hidden, behind=behind)


def put_together(face: Tensor, standing: Standing, grid: Tensor) -> Laid:
    """The person of S (B, 3, S, S) moved by F (B, S, S, 2)."""
    moved = warp(torch.cat((face, standing.matte), dim=1), grid)
    share = moved[:, 3:]
    warped = torch.lerp(standing.behind, moved[:, :3], share)
    near = _grown(torch.maximum(share.detach(), standing.hidden), NEAR_PX)
    return Laid(warped=warped, share=share, near=near)


def without_person(
    grid: Tensor, mask: Tensor, share: Tensor, standing: Standing
) -> tuple[Tensor, Tensor]:
    """Grid and mask for the photo's full resolution: what is behind points at itself.

    Detail is lost where the mask says so, where nobody knows what is behind, and by as much as
    the person does not cover where it is the person's. -> (B, S, S, 2), (B, 1, S, S)
    """
    size = grid.shape[1]
    identity = identity_grid(size, size, device=grid.device, dtype=grid.dtype)
    present = share > _PRESENT
    kept = torch.where(present, share, 1 - standing.hidden) * (1 - mask)
    return torch.where(present[:, 0, ..., None], grid, identity), 1 - kept


def filled(picture: Tensor, known: Tensor) -> Tensor:
    """Pixels nobody knows, from those around (Gortler et al. 1996, the lumigraph's pull-push).

    picture (B, 3, S, S), known (B, 1, S, S) in [0, 1] -> (B, 3, S, S): the picture where known = 1.
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


def _grown(mask: Tensor, px: int) -> Tensor:
    """The greatest within so many pixels of 256: (B, 1, S, S) -> the same shape."""
    radius = max(1, round(px * mask.shape[-1] / 256))
    rows = F.max_pool2d(mask, (2 * radius + 1, 1), stride=1, padding=(radius, 0))
    return F.max_pool2d(rows, (1, 2 * radius + 1), stride=1, padding=(0, radius))
