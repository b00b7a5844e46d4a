"""Pixels into channels and back: squares of f x f pixels become f² times as many channels.

The functions of torch for it are several times slower on a CPU, where channels lie last.
"""

from __future__ import annotations

from torch import Tensor


def pixels_to_channels(x: Tensor, factor: int) -> Tensor:
    """`F.pixel_unshuffle`: (B, C, f h, f w) -> (B, C f², h, w), colour by colour."""
    if factor == 1:
        return x
    count, channels, height, width = x.shape
    split = x.reshape(count, channels, height // factor, factor, width // factor, factor)
    moved = split.permute(0, 1, 3, 5, 2, 4)
    return moved.reshape(count, channels * factor**2, height // factor, width // factor)


def channels_to_pixels(x: Tensor, factor: int) -> Tensor:
    """`F.pixel_shuffle`: (B, C f², h, w) -> (B, C, f h, f w), the inverse of
    `pixels_to_channels`."""
    if factor == 1:
        return x
    count, channels, height, width = x.shape
    colours = channels // factor**2
    split = x.reshape(count, colours, factor, factor, height, width).permute(0, 1, 4, 2, 5, 3)
    return split.reshape(count, colours, height * factor, width * factor)
