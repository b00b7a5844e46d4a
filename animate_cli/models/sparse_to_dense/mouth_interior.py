"""The interior of the mouth (teeth, tongue, shadow), for photos in which the mouth is shut.

Ours, between eq. 1 and eq. 2 of Zhao et al. 2021. A warp can only stretch the lips over an opening
mouth, and a painting network gives the mean of all mouths, in colours that do not match the photo.
So one picture per aperture is learned, the same for all people; it is shown between the lips, with
colours scaled by the skin tone of the photo.

    symbol  | name     | shape               | equation
    u       | region.u | (B, N)              | 0 to 1 along the inner lips, right corner to left
    v       | depth    | (B, N)              | 0 to 1 from the upper inner lip to the lower
    a       | aperture | (B,)                | mean gap of the inner lips over their width
    A, B    | colours  | (6, bins, h, w)     | learned; read through `_smooth`, times `_GAIN`
    d       | _DARK    | scalar              | an untrained mouth, in shares of t
    t       | tone[0]  | (B, 3)              | mean colour of nose and cheeks
    l       | tone[1]  | (B, 1)              | the brightest grey of nose and cheeks
    C       | inside   | (B, 3, N)           | (d + A(u, v, a)) ⊙ t + B(u, v, a) · l
    g       | share    | (B, 1, S, S)        | 1 where nothing of the photo's own mouth is shown
    E       | warped   | (B, 3, S, S)        | eq. 1
    E'      | result   | (B, 3, S, S)        | E (1 − g) + C g, in place of E in eq. 2

A mouth that is open in the photo keeps its own teeth: g is 0 where it opens no further. Where such
a mouth shuts, g is 1 between the lips, because only their shadow is seen there.

Departures from the paper: all of it; a switch of the config (`inside`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.faces.aperture import gaps
from animate_cli.layers.grid import points_to_normalised, sample, warp
from animate_cli.layers.lip_lid_field import ApertureRegion, EyeLineFrame
from animate_cli.layers.smoothstep import smooth_step

_BINS, _ROWS, _COLUMNS = 6, 20, 40
_WIDEST = 0.8  # aperture of the last bin
_GAIN = 5.0  # the learning rate suits the weights of convolutions, which are smaller
_DARK = 0.4
_OPEN = 0.06  # aperture from which on a mouth is open
_SHUT = 0.11  # aperture below which a mouth may be shutting
_RAMP = 0.06  # of apertures, from nothing to all
_EDGE_PX = 1.5


@dataclass(frozen=True, kw_only=True)
class MouthInteriorConfig:
    """Landmarks of the inner lips, upper and lower, each from the right corner to the left, those
    between facing each other; skin: pairs between which nose and cheeks are seen."""

    upper: tuple[int, ...]
    lower: tuple[int, ...]
    skin: tuple[tuple[int, int], ...]


class MouthInterior(nn.Module):
    """Composites the learned interior of the mouth into warped pictures."""

    def __init__(self, config: MouthInteriorConfig) -> None:
        super().__init__()
        self._upper, self._lower, self._skin = config.upper, config.lower, config.skin
        self.colours = nn.Parameter(torch.zeros(6, _BINS, _ROWS, _COLUMNS))

    def forward(
        self, warped: Tensor, face: Tensor, source_px: Tensor, driver_px: Tensor
    ) -> tuple[Tensor, Tensor]:
        """E and the source's face (B, 3, S, S), landmarks (B, K, 2) px of source and output ->
        E' (B, 3, S, S) and g (B, 1, S, S). Without gradients E is overwritten."""
        size = warped.shape[-1]
        region = ApertureRegion(source_px, driver_px, self._upper, self._lower, size)
        depth = region.below / (region.below + region.above).clamp_min(_EDGE_PX)
        within = torch.minimum(
            region.below - region.upper_attached, region.above - region.lower_attached
        )
        edge = (within - region.aside).clamp(0, _EDGE_PX) / _EDGE_PX
        aperture, before = self._aperture(driver_px), self._aperture(source_px)
        opens = smooth_step(aperture / _OPEN)
        shuts = smooth_step((_SHUT - aperture) / _RAMP) * smooth_step((before - aperture) / _RAMP)
        seam = (torch.minimum(region.below, region.above) - region.aside + 1).clamp(0, 1)
        interior = self._colour(region.u, depth, aperture, self._tone(face, source_px))
        rows, columns = region.rows, region.columns
        lips = warped[:, :, rows, columns]
        weight = torch.maximum(opens[:, None] * edge, shuts[:, None] * seam)
        weight = weight.view(len(lips), 1, *lips.shape[2:])
        result = warped.clone() if torch.is_grad_enabled() else warped
        share = torch.zeros_like(warped[:, :1])
        result[:, :, rows, columns] = torch.lerp(lips, interior.view(lips.shape), weight)
        share[:, :, rows, columns] = weight
        return result, share

    def _colour(
        self, u: Tensor, v: Tensor, aperture: Tensor, tone: tuple[Tensor, Tensor]
    ) -> Tensor:
        """C at u, v (B, N) in [0, 1] for apertures (B,): (B, 3, N)."""
        places = (u, v, (aperture / _WIDEST)[:, None].expand_as(u))
        counts = (_COLUMNS, _ROWS, _BINS)
        within = [
            (2 * place - 1).clamp(1 / count - 1, 1 - 1 / count)
            for place, count in zip(places, counts, strict=True)
        ]
        grid = torch.stack(within, dim=-1)[:, None, None]  # (B, 1, 1, N, 3)
        table = _smooth(self.colours.to(u.dtype)[None]).expand(len(u), -1, -1, -1, -1)
        read = _GAIN * sample(table, grid)[:, :, 0, 0]  # (B, 6, N)
        skin, light = (one[..., None] for one in tone)
        shown: Tensor = (_DARK + read[:, :3]) * skin + read[:, 3:] * light
        return shown

    def _aperture(self, points_px: Tensor) -> Tensor:
        """Mean gap of the inner lips over their width, at least 0: (B,)."""
        frame = EyeLineFrame(points_px, self._upper[0], self._upper[-1])
        pairs = tuple(zip(self._upper[1:-1], self._lower[1:-1], strict=True))
        down = frame.points.new_tensor((0.0, 1.0))
        apart = gaps(frame.points, pairs, down=down).clamp_min(0)
        aperture: Tensor = apart.mean(dim=1) / frame.width[:, 0]
        return aperture

    def _tone(self, face: Tensor, points_px: Tensor) -> tuple[Tensor, Tensor]:
        """Mean colour of nose and cheeks (B, 3), and the brightest grey among them (B, 1)."""
        one, other = (points_px[:, list(side)] for side in zip(*self._skin, strict=True))
        at = points_to_normalised((one + other) / 2, *face.shape[-2:])[:, None]
        skin = warp(face, at)[:, :, 0]  # (B, 3, points)
        return skin.mean(dim=2), skin.mean(dim=1).amax(dim=1, keepdim=True)


def _smooth(table: Tensor) -> Tensor:
    """The table (1, 6, bins, h, w), mirrored and averaged over neighbours, twice.

    A frame then also teaches the neighbours of the cells that it shows; otherwise the table would
    learn the colour noise that a perceptual loss rewards.
    """
    table = (table + table.flip(-1)) / 2
    for _ in range(2):
        table = F.avg_pool3d(F.pad(table, (1,) * 6, mode="replicate"), 3, stride=1)
    return table
