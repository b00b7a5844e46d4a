"""RAFT, the small network: optical flow between two pictures.

Teed & Deng 2020, *RAFT: Recurrent All-Pairs Field Transforms for Optical Flow*, with the tensor
names of its published weights. Pictures are RGB in [0, 1].

    symbol   | name           | shape                          | equation
    g, h     | fnet, cnet     | (B, 128 and 160, H/8, W/8)     | section 3.1
    C_k      | `_pyramid`     | (B H/8 W/8, 1, H/8/2^k, ...)   | section 3.2, four levels
    L_C      | `_look_up`     | (B, 4 · 49, H/8, W/8)          | section 3.2, radius 3
    Δf       | update_block   | (B, 2, H/8, W/8)               | section 3.3: a convolutional GRU
    f        | `RaftSmall.forward` | (B, 2, H, W), pixels      | bilinear up-sampling

Departures from the paper: none; it learns up-sampling in the large network only.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.grid import points_to_normalised, sample
from animate_cli.layers.weight_io import load_strictly

FILE = "raft_small_fp16.safetensors"
"""The weights' name in a folder."""
STATE, CONTEXT = 96, 64
LEVELS, RADIUS = 4, 3
CELL = 8  # pixels of a picture to one of its features, on each axis
ITERATIONS = 12


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: type[nn.Module]) -> None:
        super().__init__()
        inner = outputs // 4
        self.conv1 = nn.Conv2d(inputs, inner, 1)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride=stride, padding=1)
        self.conv3 = nn.Conv2d(inner, outputs, 1)
        self.norms = nn.ModuleList(norm(width) for width in (inner, inner, outputs))
        self.downsample = (
            nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride), norm(outputs))
            if stride > 1
            else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        y = x
        for conv, norm in zip((self.conv1, self.conv2, self.conv3), self.norms, strict=True):
            y = F.relu(norm(conv(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class RaftEncoder(nn.Module):
    """A picture's features at an eighth of its resolution."""

    def __init__(self, outputs: int, norm: type[nn.Module]) -> None:
        super().__init__()
        self.norm1 = norm(32)
        self.conv1 = nn.Conv2d(3, 32, 7, stride=2, padding=3)
        self.layer1 = nn.Sequential(Bottleneck(32, 32, 1, norm), Bottleneck(32, 32, 1, norm))
        self.layer2 = nn.Sequential(Bottleneck(32, 64, 2, norm), Bottleneck(64, 64, 1, norm))
        self.layer3 = nn.Sequential(Bottleneck(64, 96, 2, norm), Bottleneck(96, 96, 1, norm))
        self.conv2 = nn.Conv2d(96, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) in [-1, 1] -> (B, outputs, H/8, W/8)."""
        y = F.relu(self.norm1(self.conv1(x)))
        found: Tensor = self.conv2(self.layer3(self.layer2(self.layer1(y))))
        return found


class MotionEncoder(nn.Module):
    """The looked-up correlations and the flow so far, as features."""

    def __init__(self) -> None:
        super().__init__()
        self.convc1 = nn.Conv2d(LEVELS * (2 * RADIUS + 1) ** 2, 96, 1)
        self.convf1 = nn.Conv2d(2, 64, 7, padding=3)
        self.convf2 = nn.Conv2d(64, 32, 3, padding=1)
        self.conv = nn.Conv2d(128, 80, 3, padding=1)

    def forward(self, correlation: Tensor, flow: Tensor) -> Tensor:
        """(B, 196, h, w), (B, 2, h, w) -> (B, 82, h, w)."""
        seen = F.relu(self.convc1(correlation))
        moved = F.relu(self.convf2(F.relu(self.convf1(flow))))
        return torch.cat((F.relu(self.conv(torch.cat((seen, moved), dim=1))), flow), dim=1)


class Gru(nn.Module):
    """A gated recurrent unit whose products are convolutions."""

    def __init__(self, state: int, inputs: int) -> None:
        super().__init__()
        self.convz = nn.Conv2d(state + inputs, state, 3, padding=1)
        self.convr = nn.Conv2d(state + inputs, state, 3, padding=1)
        self.convq = nn.Conv2d(state + inputs, state, 3, padding=1)

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        """State (B, state, H, W) and input (B, inputs, H, W) -> the next state."""
        both = torch.cat((h, x), dim=1)
        z, r = torch.sigmoid(self.convz(both)), torch.sigmoid(self.convr(both))
        q = torch.tanh(self.convq(torch.cat((r * h, x), dim=1)))
        return (1 - z) * h + z * q


class FlowUpdate(nn.Module):
    """State -> change of the flow."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(STATE, 128, 3, padding=1)
        self.conv2 = nn.Conv2d(128, 2, 3, padding=1)

    def forward(self, h: Tensor) -> Tensor:
        """(B, 96, h, w) -> (B, 2, h, w)."""
        change: Tensor = self.conv2(F.relu(self.conv1(h)))
        return change


class UpdateBlock(nn.Module):
    """One step of the refinement."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = MotionEncoder()
        self.gru = Gru(STATE, 82 + CONTEXT)
        self.flow_head = FlowUpdate()

    def forward(
        self, h: Tensor, context: Tensor, correlation: Tensor, flow: Tensor
    ) -> tuple[Tensor, Tensor]:
        """-> the next state, Δf (B, 2, h, w)."""
        h = self.gru(h, torch.cat((context, self.encoder(correlation, flow)), dim=1))
        return h, self.flow_head(h)


class RaftSmall(nn.Module):
    """The whole network."""

    def __init__(self) -> None:
        super().__init__()
        self.fnet = RaftEncoder(128, nn.InstanceNorm2d)
        self.cnet = RaftEncoder(STATE + CONTEXT, nn.Identity)
        self.update_block = UpdateBlock()

    @torch.inference_mode()
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Where every pixel of x is in y: (B, 3, H, W) in [0, 1] -> flow (B, 2, H, W), pixels.

        Sides of any length; the axes are (x, y): x[p] shows what y[p + flow] shows.
        """
        height, width = x.shape[-2:]
        margin = (0, -width % CELL, 0, -height % CELL)
        first, second = (2 * F.pad(z, margin, mode="replicate") - 1 for z in (x, y))
        levels = _pyramid(self.fnet(first), self.fnet(second))
        h, context = self.cnet(first).split((STATE, CONTEXT), dim=1)
        h, context = torch.tanh(h), F.relu(context)
        start = _pixels(h)
        flow = torch.zeros_like(start)
        for _ in range(ITERATIONS):
            h, change = self.update_block(h, context, _look_up(levels, start + flow), flow)
            flow = flow + change
        whole = F.interpolate(CELL * flow, first.shape[-2:], mode="bilinear", align_corners=True)
        return whole[..., :height, :width]


def load_raft(folder: Path) -> RaftSmall:
    """The network from `FILE` in a folder.

    Raises:
        WeightsError: the file is missing or holds other tensors.
    """
    path = folder / FILE
    if not path.is_file():
        raise WeightsError(f"{path} does not exist", hint="optical flow needs this file")
    network = RaftSmall()
    load_strictly(network, hub.read(path)[1], where=str(path))
    return network.eval()


def _pixels(like: Tensor) -> Tensor:
    """Every cell's own place: (B, C, h, w) -> (B, 2, h, w), x then y."""
    height, width = like.shape[-2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=like.device, dtype=like.dtype),
        torch.arange(width, device=like.device, dtype=like.dtype),
        indexing="ij",
    )
    return torch.stack((x, y)).expand(len(like), -1, -1, -1)


def _pyramid(x: Tensor, y: Tensor) -> list[Tensor]:
    """All pairs' products of features (B, C, h, w), y's side averaged: (B h w, 1, h/2^k, w/2^k)."""
    batch, channels, height, width = x.shape
    products = x.flatten(2).transpose(1, 2) @ y.flatten(2) / channels**0.5
    levels = [products.reshape(batch * height * width, 1, height, width)]
    for _ in range(LEVELS - 1):
        levels.append(F.avg_pool2d(levels[-1], 2, stride=2))
    return levels


def _look_up(levels: list[Tensor], at: Tensor) -> Tensor:
    """Products about places (B, 2, h, w): (B, 4 · 49, h, w); of 49, x is the slower axis."""
    batch, _, height, width = at.shape
    reach = torch.arange(-RADIUS, RADIUS + 1, device=at.device, dtype=at.dtype)
    about = torch.stack(torch.meshgrid(reach, reach, indexing="ij"), dim=-1)
    centres = at.permute(0, 2, 3, 1).reshape(-1, 1, 1, 2)
    found = []
    for k, level in enumerate(levels):
        places = points_to_normalised(centres / 2**k + about, *level.shape[-2:])
        found.append(sample(level, places).reshape(batch, height, width, -1))
    return torch.cat(found, dim=-1).permute(0, 3, 1, 2)
