"""The generator: warped features -> a picture of twice the side at which the face was read.

Guo et al. 2024, *LivePortrait: Efficient Portrait Animation with Stitching and Retargeting
Control*, section 3.2: the decoder of SPADE (Park et al. 2019, *Semantic Image Synthesis with
Spatially-Adaptive Normalization*) with a pixel shuffle as its last layer.

    symbol | name   | shape              | equation
    f_w    | scene  | (B, 256, h, w)     | the warped features: first input, and map of every SPADE
    γ, β   | modulation | (B, C, H, W)   | SPADE's eq. 1: norm(x) (1 + γ) + β, `Modulation`
    I_p    | picture| (B, 3, 8h, 8w)     | in [0, 1]; h = 64 gives 512 pixels

Departures from the paper: none.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from animate_cli.layers.upsample_conv import UpsampleConv2d

SCENE = 256
_WIDTH = 512
_SHARED = 128
_SLOPE = 0.2
_EPS = 1e-5  # of the instance normalisation
_MIDDLES = 6


class Modulation(nn.Module):
    """SPADE: instance normalisation; its scale and shift are convolutions of the scene."""

    def __init__(self, channels: int, times: int) -> None:
        """times: how much larger than the scene."""
        super().__init__()
        enlarging = UpsampleConv2d(SCENE, _SHARED, times=times)
        self.mlp_shared = nn.Sequential(enlarging, nn.ReLU(inplace=True))
        self.mlp_gamma = nn.Conv2d(_SHARED, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(_SHARED, channels, 3, padding=1)

    def forward(self, x: Tensor, scene: Tensor) -> Tensor:
        """x (B, C, H, W), scene (B, 256, h, w) -> (B, C, H, W)"""
        shared = self.mlp_shared(scene)
        return torch.addcmul(self.mlp_beta(shared), F.instance_norm(x), 1 + self.mlp_gamma(shared))

    def fused(self) -> nn.Module:
        """The same function with one convolution for γ and β."""
        return FusedModulation(self)


class FusedModulation(nn.Module):
    """As `Modulation`, for inference: one convolution gives both 1 + γ and β."""

    def __init__(self, plain: Modulation) -> None:
        super().__init__()
        gamma, beta = plain.mlp_gamma, plain.mlp_beta
        self.mlp_shared = plain.mlp_shared
        self.mlp_both = nn.Conv2d(_SHARED, 2 * gamma.out_channels, 3, padding=1)
        with torch.no_grad():
            for ours, g, b in zip(
                self.mlp_both.parameters(), gamma.parameters(), beta.parameters(), strict=True
            ):
                ours.copy_(torch.cat((g, b)))
            self.mlp_both.get_parameter("bias")[: gamma.out_channels] += 1

    def forward(self, x: Tensor, scene: Tensor) -> Tensor:
        """x (B, C, H, W), scene (B, 256, h, w) -> (B, C, H, W)"""
        scale, shift = self.mlp_both(self.mlp_shared(scene)).chunk(2, dim=1)
        variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0, keepdim=True)
        ratio = torch.rsqrt(variance + _EPS)
        return torch.addcmul(shift, torch.addcmul(-mean * ratio, x, ratio), scale)


class SpadeBlock(nn.Module):
    """A residual block in which every convolution follows a modulation."""

    def __init__(self, channels: int, features: int, *, times: int = 1) -> None:
        """times: how much larger than the scene."""
        super().__init__()
        middle = min(channels, features)
        self.conv_0 = spectral_norm(nn.Conv2d(channels, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, features, 3, padding=1))
        self.norm_0 = Modulation(channels, times)
        self.norm_1 = Modulation(middle, times)
        self._changes = channels != features
        if self._changes:
            self.conv_s = spectral_norm(nn.Conv2d(channels, features, 1, bias=False))
            self.norm_s = Modulation(channels, times)

    def forward(self, x: Tensor, scene: Tensor) -> Tensor:
        """x (B, C, H, W), scene (B, 256, h, w) -> (B, F, H, W)"""
        y = self.conv_0(F.leaky_relu(self.norm_0(x, scene), _SLOPE))
        y = self.conv_1(F.leaky_relu(self.norm_1(y, scene), _SLOPE))
        return torch.add(y, self.conv_s(self.norm_s(x, scene)) if self._changes else x)


class SpadeGenerator(nn.Module):
    """Scene -> picture."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Conv2d(SCENE, _WIDTH, 3, padding=1)
        for i in range(_MIDDLES):
            self.add_module(f"G_middle_{i}", SpadeBlock(_WIDTH, _WIDTH))
        self.up_0 = SpadeBlock(_WIDTH, _WIDTH // 2, times=2)
        self.up_1 = SpadeBlock(_WIDTH // 2, _WIDTH // 8, times=4)
        self.conv_img = nn.Sequential(
            nn.Conv2d(_WIDTH // 8, 3 * 4, 3, padding=1), nn.PixelShuffle(2)
        )

    def forward(self, scene: Tensor) -> Tensor:
        """(B, 256, h, w) -> (B, 3, 8h, 8w) in [0, 1]"""
        x = self.fc(scene)
        for i in range(_MIDDLES):
            x = self.get_submodule(f"G_middle_{i}")(x, scene)
        for block in (self.up_0, self.up_1):
            x = block(F.interpolate(x, scale_factor=2.0), scene)
        return torch.sigmoid(self.conv_img(F.leaky_relu(x, _SLOPE)))
