"""The motion extractor: a face -> canonical key points, head pose, expression, scale and place.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*, section 3.2: ConvNeXt V2 tiny (Woo et al. 2023) with seven linear outputs.

    symbol | name       | shape       | equation
    x_c    | kp         | (B, 63)     | eq. 2: canonical key points, 21 of (x, y, z)
    R      | pitch, yaw, roll | (B, 66) each | eq. 2: bins of 3 degrees; `to_degrees`
    δ      | exp        | (B, 63)     | eq. 2: expression, 21 of (x, y, z)
    s      | scale      | (B, 1)      | eq. 2
    t      | t          | (B, 3)      | eq. 2: place; its depth is not used

Departures from the paper: none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

POINTS = 21
_BINS = 66
_BIN_DEG, _FIRST_DEG = 3.0, -97.5
_DEPTHS, _WIDTHS = (3, 3, 9, 3), (96, 192, 384, 768)
_EPS = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class RawMotion:
    """The seven outputs: pitch, yaw, roll (B, 66), t (B, 3), exp and kp (B, 63), scale (B, 1)."""

    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    t: Tensor
    exp: Tensor
    scale: Tensor
    kp: Tensor


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        last = x.permute(0, 2, 3, 1)
        normal = F.layer_norm(last, last.shape[-1:], self.weight, self.bias, _EPS)
        return normal.permute(0, 3, 1, 2)


class ResponseNorm(nn.Module):
    """Global response normalisation of (B, H, W, C): Woo et al. 2023, algorithm 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:
        """Same shape."""
        length = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        share = length / (length.mean(dim=-1, keepdim=True) + _EPS)
        return torch.addcmul(self.beta, self.gamma * share + 1, x)


class ConvNeXtBlock(nn.Module):
    """ConvNeXt V2: a 7 x 7 convolution per channel, then two layers per pixel; shape unchanged."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPS)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.grn = ResponseNorm(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W)"""
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.pwconv2(self.grn(F.gelu(self.pwconv1(y))))
        return x.add(y.permute(0, 3, 1, 2))


class ConvNeXtDetector(nn.Module):
    """ConvNeXt V2 tiny with seven linear outputs."""

    def __init__(self) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, _WIDTHS[0], 4, stride=4), ChannelNorm(_WIDTHS[0]))
        halve = (
            nn.Sequential(ChannelNorm(a), nn.Conv2d(a, b, 2, stride=2))
            for a, b in pairwise(_WIDTHS)
        )
        self.downsample_layers = nn.ModuleList((stem, *halve))
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvNeXtBlock(width) for _ in range(depth)))
            for depth, width in zip(_DEPTHS, _WIDTHS, strict=True)
        )
        self.norm = nn.LayerNorm(_WIDTHS[-1], eps=_EPS)
        for name, size in _OUTPUTS.items():
            self.add_module(f"fc_{name}", nn.Linear(_WIDTHS[-1], size))

    def forward(self, x: Tensor) -> RawMotion:
        """(B, 3, 256, 256) in [0, 1]"""
        for smaller, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(smaller(x))
        mean = self.norm(x.mean(dim=(-2, -1)))
        return RawMotion(
            **{f.name: self.get_submodule(f"fc_{f.name}")(mean) for f in fields(RawMotion)}
        )


_OUTPUTS = {
    "kp": 3 * POINTS,
    "scale": 1,
    "pitch": _BINS,
    "yaw": _BINS,
    "roll": _BINS,
    "t": 3,
    "exp": 3 * POINTS,
}


class MotionExtractor(nn.Module):
    """The published module: its tensors are all under `detector`."""

    def __init__(self) -> None:
        super().__init__()
        self.detector = ConvNeXtDetector()

    def forward(self, face: Tensor) -> RawMotion:
        """(B, 3, 256, 256) in [0, 1]"""
        motion: RawMotion = self.detector(face)
        return motion


def to_degrees(logits: Tensor) -> Tensor:
    """The expected angle over the bins: (B, 66) -> (B,) degrees."""
    index = torch.arange(_BINS, device=logits.device, dtype=logits.dtype)
    return torch.softmax(logits, dim=1) @ index * _BIN_DEG + _FIRST_DEG
