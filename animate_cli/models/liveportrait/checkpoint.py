"""LivePortrait's published files: loaded, and fused for inference.

file                              holds
appearance_feature_extractor      the portrait's volume
motion_extractor                  points, pose, expression
warping_module                    the warped volume
spade_generator                   the picture
stitching_retargeting_module      retarget_shoulder, retarget_eye, retarget_mouth
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.layers.inference.prepare import fuse_for_inference, use_fast_convs
from animate_cli.layers.weight_io import load_strictly
from animate_cli.models.liveportrait.appearance_extractor import DEPTH, AppearanceExtractor
from animate_cli.models.liveportrait.motion_extractor import MotionExtractor
from animate_cli.models.liveportrait.spade_generator import SpadeGenerator
from animate_cli.models.liveportrait.stitching_retargeting import Eyes, Lips, StitchingNetwork
from animate_cli.models.liveportrait.warping import WarpingModule

SUFFIXES = (".safetensors", ".pth")
RETARGETING = "stitching_retargeting_module"

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True, kw_only=True, eq=False)
class LivePortraitNetworks:
    """The seven networks in five files."""

    appearance: AppearanceExtractor
    motion: MotionExtractor
    warping: WarpingModule
    generator: SpadeGenerator
    stitching: StitchingNetwork
    eyes: Eyes
    lips: Lips

    def fuse_for_inference(self, device: torch.device | str) -> LivePortraitNetworks:
        """Copies for use on a device; on a CPU by the ways that are shorter there."""
        used = self._fused(device)
        if torch.device(device).type == "cpu":
            use_fast_convs(used.generator).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            use_fast_convs(used.warping, depth=DEPTH)
        return used

    def _fused(self, device: torch.device | str) -> LivePortraitNetworks:
        return LivePortraitNetworks(
            appearance=fuse_for_inference(self.appearance).to(device),
            motion=fuse_for_inference(self.motion).to(device),
            warping=fuse_for_inference(self.warping).to(device),
            generator=fuse_for_inference(self.generator).to(device),
            stitching=fuse_for_inference(self.stitching).to(device),
            eyes=fuse_for_inference(self.eyes).to(device),
            lips=fuse_for_inference(self.lips).to(device),
        )


def load_networks(weights: str) -> LivePortraitNetworks:
    """weights: a registered name, or a folder that holds the published files, at any depth.

    Raises:
        WeightsError: missing, damaged, or of another network.
    """
    return LivePortraitNetworks(
        appearance=_load(AppearanceExtractor(), weights, "appearance_feature_extractor"),
        motion=_load(MotionExtractor(), weights, "motion_extractor"),
        warping=_load(WarpingModule(), weights, "warping_module"),
        generator=_load(SpadeGenerator(), weights, "spade_generator"),
        stitching=_load(StitchingNetwork(), weights, RETARGETING, under="retarget_shoulder"),
        eyes=_load(Eyes(), weights, RETARGETING, under="retarget_eye"),
        lips=_load(Lips(), weights, RETARGETING, under="retarget_mouth"),
    )


def _load(network: Network, weights: str, part: str, *, under: str = "") -> Network:
    load_strictly(network, _tensors(weights, part, under), where=f"weights {weights}, {part}")
    return network


def _tensors(weights: str, part: str, under: str) -> dict[str, Tensor]:
    folder = Path(weights)
    if not folder.is_dir():
        return hub.load_published(weights, part, under=under)
    files = (file for suffix in SUFFIXES for file in sorted(folder.rglob(f"{part}{suffix}")))
    file = next(files, None)
    if file is None:
        hint = f"put {part}.pth or {part}.safetensors there, or leave --weights out"
        raise WeightsError(f"{folder}: no {part} in it", hint=hint)
    return hub.read_published(file, under=under)
