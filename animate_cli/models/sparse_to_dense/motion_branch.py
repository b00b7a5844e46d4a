"""One branch of the dense motion network: picture and landmarks in, a coarse motion field out.

Zhao et al. 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.2: an
encoder whose AdaIN layers see the source's landmarks, Add_Motion at the bottleneck, and a decoder
whose AdaIN layers see the driver's landmarks.

    symbol     | name    | shape              | equation
    S_I        | picture | (B, 3, S, S)       | `MotionBranch.encode`: the source, or a patch of it
    S_lm       | source  | (B, K, 2)          | `MotionBranch.encode`, normalised
    D_lm       | driver  | (B, K, 2)          | `MotionBranch.decode`, normalised
    f_G or f_L | field   | (B, 2, h, w)       | `MotionBranch.decode`: displacement · `FLOW_GAIN`
    m_L        | field   | (B, 1, h, w)       | the third channel of a local branch, a logit

Departures from the paper, each a switch
    prior      the encoder's features are warped to the output's place by a grid that is already
               nearly right (thin-plate), and the field corrects that grid; the decoder also sees
               that grid's displacement
    widths     the paper names none
    fold       pixels are packed into channels first, so that the field is `fold` times coarser
    encoder    sees the source alone, so that it runs once per portrait
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from animate_cli.layers.grid import identity_grid, resize_grid, warp_maps
from animate_cli.layers.pixel_shuffle import pixels_to_channels
from animate_cli.layers.upsample_conv import UpsampleConv2d
from animate_cli.models.sparse_to_dense.adain import AdaIN, LandmarkCode
from animate_cli.models.sparse_to_dense.add_motion import AddMotion

FLOW_GAIN = 8.0  # displacements are a few hundredths of the square; features are about 1


@dataclass(frozen=True, kw_only=True)
class BranchConfig:
    """Sizes of one branch.

    fold: squares of fold x fold pixels are packed into channels first; widths: channels at each
    halving from there; blocks: further convolutions at the finest level, before the field; code:
    length D of the landmark code; adain, add_motion: the paper's two layers, on or off.
    """

    fold: int = 1
    widths: tuple[int, ...] = (16, 24, 32, 64)
    blocks: int = 0
    code: int = 128
    adain: bool = True
    add_motion: bool = True


class MotionBranch(nn.Module):
    """Source picture S x S -> features; features and driver landmarks -> a field at S / fold."""

    def __init__(
        self,
        config: BranchConfig,
        *,
        points: int,
        size: int,
        outputs: int,
        has_prior: bool,
    ) -> None:
        super().__init__()
        widths, cue = config.widths, 2 if has_prior else 0
        code = config.code if config.adain else 0
        self._fold = config.fold
        self.stem = _Block(3 * config.fold**2, widths[0], code, stride=1)
        self.down = nn.ModuleList(_Block(a, b, code, stride=2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(
            _Block(b + cue, a, code, grows=True) for b, a in pairwise(widths[::-1])
        )
        self.last = nn.ModuleList(
            _Block(widths[0] + cue, widths[0], code) for _ in range(config.blocks)
        )
        bottleneck = size // config.fold // 2 ** len(self.down)
        self.add_motion = (
            AddMotion(points, widths[-1], bottleneck) if config.add_motion else nn.Identity()
        )
        self.source_code = LandmarkCode(points, code) if code else nn.Identity()
        self.driver_code = LandmarkCode(points, code) if code else nn.Identity()
        self.head = nn.Conv2d(widths[0], outputs, 3, padding=1)
        for tensor in self.head.parameters():
            nn.init.zeros_(tensor)  # an untrained branch leaves the grid unchanged

    def encode(self, picture: Tensor, source: Tensor) -> list[Tensor]:
        """picture (B, 3, S, S), source (B, K, 2) normalised in it -> features, finest first."""
        code, packed = self.source_code(source), pixels_to_channels(picture, self._fold)
        features = [self.stem(packed, code)]
        for down in self.down:
            features.append(down(features[-1], code))
        return features

    def decode(
        self,
        features: list[Tensor],
        source: Tensor,
        driver: Tensor,
        prior: Tensor | None,
    ) -> Tensor:
        """Features of `encode`, landmarks (B, K, 2), prior grid (B, H, W, 2)
        -> (B, outputs, h, w).

        Normalised, in the branch's own square.
        """
        code = self.driver_code(driver)
        skips = [_Placed(level, prior) for level in features]
        x = self._move(skips[-1].features, driver - source)
        for up, skip, below in zip(self.up, skips[-2::-1], skips[:0:-1], strict=True):
            x = up(below.with_cue(x), code) + skip.features
        for block in self.last:
            x = x + block(skips[0].with_cue(x), code)
        field: Tensor = self.head(F.relu(x))
        return field.to(
            driver.dtype
        )  # positions need single precision, also after bfloat16 convolutions

    def _move(self, x: Tensor, motion: Tensor) -> Tensor:
        if not isinstance(self.add_motion, AddMotion):
            return x
        moved: Tensor = self.add_motion(x, motion)
        return moved


class _Placed:
    """Encoder features of one level, warped by the prior, and the prior's displacement there."""

    def __init__(self, features: Tensor, prior: Tensor | None) -> None:
        self.features, self._maps = features, []
        height, width = features.shape[-2:]
        if prior is not None:
            grid = resize_grid(prior, height, width)
            self.features = warp_maps(features, grid)
            flow = grid - identity_grid(height, width, device=grid.device, dtype=grid.dtype)
            self._maps.append(FLOW_GAIN * flow.permute(0, 3, 1, 2))

    def with_cue(self, x: Tensor) -> Tensor:
        """x (B, C, h, w) -> (B, C + 2, h, w): the prior's displacement after its own channels."""
        return torch.cat((x, *self._maps), dim=1) if self._maps else x


class _Block(nn.Module):
    """Convolution (of the map enlarged twofold if `grows`), AdaIN or instance norm, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, code: int, *, stride: int = 1, grows: bool = False
    ) -> None:
        super().__init__()
        self.conv = (
            UpsampleConv2d(inputs, outputs, bias=not code)
            if grows
            else nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=not code)
        )
        self.norm = AdaIN(outputs, code) if code else nn.InstanceNorm2d(outputs, affine=True)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, outputs, h', w')."""
        x = self.conv(x)
        x = self.norm(x, code) if isinstance(self.norm, AdaIN) else self.norm(x)
        return F.relu_(x)
