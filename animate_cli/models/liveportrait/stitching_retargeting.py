"""Three small networks that correct key points: stitching, eyes, lips.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*, section 3.3.

    symbol | name      | shape           | equation
    x_s    | source    | (1, 21, 3)      | key points of the source, eq. 2
    x_d    | driven    | (B, 21, 3)      | key points after the driver's motion, eq. 2
    Δ_st   | `StitchingNetwork` | (B, 126) -> (B, 65) | of x_s, x_d: change of 21 points, and of all
    Δ_eyes | `Eyes`    | (B, 66) -> (B, 63) | of x_s, the two eyes' openness, and the one wanted
    Δ_lip  | `Lips`    | (B, 65) -> (B, 63) | of x_s, the lips' openness, and the one wanted

Departures from the paper: none.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from animate_cli.models.liveportrait.motion_extractor import POINTS

_XYZ = 3 * POINTS


class Corrector(nn.Module):
    """Linear layers with ReLU between them."""

    def __init__(self, *sizes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for a, b in pairwise(sizes):
            layers += [nn.Linear(a, b), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs) -> (B, outputs)"""
        y: Tensor = self.mlp(x)
        return y


class StitchingNetwork(Corrector):
    """Corrects the driven points, so that shoulders and hair stay where they are in the photo."""

    def __init__(self) -> None:
        super().__init__(2 * _XYZ, 128, 128, 64, _XYZ + 2)

    def correct(self, source: Tensor, driven: Tensor) -> Tensor:
        """Points x_s (1, 21, 3) and x_d (B, 21, 3) -> corrected (B, 21, 3)."""
        both = torch.cat((source.expand_as(driven), driven), dim=1).flatten(1)
        delta = self(both)
        shift = nn.functional.pad(delta[:, None, _XYZ:], (0, 1))
        return driven.add(delta[:, :_XYZ].view(-1, POINTS, 3)).add(shift)


class Eyes(Corrector):
    """Opens or shuts the source's eyes."""

    def __init__(self) -> None:
        super().__init__(_XYZ + 3, 256, 256, 128, 128, 64, _XYZ)


class Lips(Corrector):
    """Opens or shuts the source's lips."""

    def __init__(self) -> None:
        super().__init__(_XYZ + 2, 128, 128, 64, _XYZ)


def retarget_openness(network: Corrector, points: Tensor, now: Tensor, wanted: Tensor) -> Tensor:
    """Δ of the source's points (1, 21, 3) from openness `now` (1, 1 or 2) to `wanted` (B, 1).

    -> (B, 21, 3)
    """
    known = torch.cat((points.flatten(1), now), dim=1).expand(len(wanted), -1)
    delta: Tensor = network(torch.cat((known, wanted), dim=1))
    return delta.view(-1, POINTS, 3)
