"""The matte network: the opacity of the person in each pixel of a photo.

    symbol | name   | shape        | here
    I      | face   | (B, 3, S, S) | a face square: head, hair, shoulders
    α      | matte  | (B, 1, S, S) | 1 on the person, 0 on the background
    u      | coordinates | (B, 2, s, s) | of each pixel, relative to the face's box, [-1, 1]²

An encoder and decoder with skip connections (U-Net, Ronneberger et al. 2015) after pixel unshuffle
(Shi et al. 2016). Coordinates relative to the face are two more input channels (CoordConv, Liu et
al. 2018), because head and shoulders have similar places relative to every face.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.conv_blocks import ConvNorm, ResidualBlock
from animate_cli.layers.grid import identity_grid, points_to_normalised
from animate_cli.layers.pixel_shuffle import channels_to_pixels, pixels_to_channels
from animate_cli.layers.roi import landmark_region

_MAX_DISTANCE = 4.0  # of coordinates from the box's centre, in half boxes; they are clamped


@dataclass(frozen=True, kw_only=True)
class MatteConfig:
    """Dimensions of the network.

    size: pixels of its input's side, a multiple of fold · 2^(len(widths) - 1); faces of other sizes
    are resized. fold: factor of the pixel unshuffle; widths: channels per resolution, halved from
    one to the next; blocks: residual blocks at the lowest resolution.
    """

    size: int = 256
    fold: int = 2
    widths: tuple[int, ...] = (24, 48, 96, 128, 160)
    blocks: int = 2


class MatteNetwork(nn.Module):
    """The matte of a face square, from its pixels and its landmarks."""

    def __init__(self, config: MatteConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = ConvNorm(3 * config.fold**2 + 2, widths[0])
        self.down = nn.ModuleList(ConvNorm(a, b, stride=2) for a, b in pairwise(widths))
        self.blocks = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(config.blocks)))
        self.up = nn.ModuleList(ConvNorm(b, a, grows=True) for b, a in pairwise(widths[::-1]))
        self.join = nn.ModuleList(ConvNorm(a, a) for a in widths[-2::-1])
        self.head = nn.Conv2d(widths[0], config.fold**2, 3, padding=1)

    def forward(self, face: Tensor, landmarks_px: Tensor) -> Tensor:
        """I (B, 3, S, S) in [0, 1], landmarks (B, K, 2) in its pixels -> α (B, 1, S, S)."""
        extent, size = face.shape[-2:], (self.config.size, self.config.size)
        folded = pixels_to_channels(_resized(face, size), self.config.fold)
        levels = [
            self.stem(torch.cat((folded, _face_coordinates(landmarks_px, face, folded)), dim=1))
        ]
        for down in self.down:
            levels.append(down(levels[-1]))
        x = self.blocks(levels[-1])
        for up, join, level in zip(self.up, self.join, levels[-2::-1], strict=True):
            x = join(up(x) + level)
        return _resized(
            channels_to_pixels(self.head(x).float(), self.config.fold).sigmoid(), extent
        )


def _resized(picture: Tensor, extent: torch.Size | tuple[int, int]) -> Tensor:
    """(B, C, H, W) -> (B, C, *extent), bilinear with antialiasing."""
    if picture.shape[-2:] == torch.Size(extent):
        return picture
    return F.interpolate(picture, extent, mode="bilinear", align_corners=False, antialias=True)


def _face_coordinates(landmarks_px: Tensor, face: Tensor, like: Tensor) -> Tensor:
    """u of the module's table, at the resolution of `like` (B, C, s, s): (B, 2, s, s)."""
    height, width = face.shape[-2:]
    box = landmark_region(points_to_normalised(landmarks_px, height, width), 1.0)
    pixels = identity_grid(*like.shape[-2:], device=like.device, dtype=face.dtype)
    places = box.into(pixels.expand(len(face), -1, -1, -1)).permute(0, 3, 1, 2)
    return places.clamp(-_MAX_DISTANCE, _MAX_DISTANCE)
