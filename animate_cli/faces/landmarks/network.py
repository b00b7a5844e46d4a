"""The landmark network: stacked hourglasses give 74 heatmaps, DSNT turns them into points.

Zhao, Wu, Guo 2021, *Sparse to Dense Motion Transfer for Face Image Animation*, section 3.3: FAN
(Bulat & Tzimiropoulos 2017) with a DSNT layer (differentiable spatial to numerical transform,
Nibali et al. 2018) instead of the arg max.

    symbol | name          | shape              | where
    I      | squares       | (B, 3, S, S)       | argument, RGB in [0, 1]
    Z      | logits        | (B, 74, S/4, S/4)  | `LandmarkNet.forward`, one per stack
    μ      | points        | (B, 74, 2)         | `layers.heatmap.expected_points`
    -      | confidence    | (B, 74)            | `confidence`

Departures from the paper: trained from random instead of published weights; the small config has
one stack of bottleneck blocks; training includes squares without a face, for which the target is a
flat heatmap, so that the spread of a heatmap tells whether there is a face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.faces.patch_landmarks.refine import SecondLook, load_second_look
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_pixel
from animate_cli.layers.hourglass import Hourglass, HourglassBlock, build_block
from animate_cli.layers.inference.fuse_batch_norm import fuse_batch_norm
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.records import LANDMARKS, Image, Points


@dataclass(frozen=True, kw_only=True)
class LandmarkConfig:
    """Dimensions of a landmark network and the calibration of its confidence.

    size: S, pixels of the input's side; stem: channels of the first convolution; width: channels;
    stacks: hourglasses; depth: halvings in each; block: kind of residual block.
    half_confidence_cells: standard deviation of a heatmap, in cells, at confidence 0.5;
    confidence_slope: of the logistic curve in `confidence`. Both are fitted when weights are
    exported, so that a confidence of 0.5 is a probability of 0.5 that the point's error is below
    10 % of the distance between the outer eye corners. The defaults are not calibrated.
    """

    size: int = 128
    stem: int = 24
    width: int = 128
    stacks: int = 1
    depth: int = 4
    block: HourglassBlock = HourglassBlock.BOTTLENECK
    half_confidence_cells: float = 2.5
    confidence_slope: float = 2.0


class LandmarkNet(nn.Module):
    """Heatmap logits of face squares, one set per stack."""

    def __init__(self, config: LandmarkConfig) -> None:
        super().__init__()
        self.config = config
        stem, width = config.stem, config.width
        self.conv1 = nn.Conv2d(3, stem, 7, stride=2, padding=3)
        self.bn1 = nn.BatchNorm2d(stem)
        self.conv2 = build_block(config.block, stem, width // 2)
        self.conv3 = build_block(config.block, width // 2, width // 2)
        self.conv4 = build_block(config.block, width // 2, width)
        for i in range(config.stacks):
            self.add_module(f"m{i}", Hourglass(width, config.depth, config.block))
            self.add_module(f"top_m_{i}", build_block(config.block, width, width))
            self.add_module(f"conv_last{i}", nn.Conv2d(width, width, 1))
            self.add_module(f"bn_end{i}", nn.BatchNorm2d(width))
            self.add_module(f"l{i}", nn.Conv2d(width, LANDMARKS, 1))
            if i < config.stacks - 1:
                self.add_module(f"bl{i}", nn.Conv2d(width, width, 1))
                self.add_module(f"al{i}", nn.Conv2d(LANDMARKS, width, 1))

    def forward(self, squares: Tensor) -> list[Tensor]:
        """(B, 3, S, S) in [0, 1] -> logits (B, 74, S/4, S/4), one per stack, the last one best."""
        x = F.relu(self.bn1(self.conv1(squares)))  # S/2
        x = F.avg_pool2d(self.conv2(x), 2)  # S/4
        x = self.conv4(self.conv3(x))
        logits = []
        for i in range(self.config.stacks):
            y = self.get_submodule(f"top_m_{i}")(self.get_submodule(f"m{i}")(x))
            y = F.relu(self.get_submodule(f"bn_end{i}")(self.get_submodule(f"conv_last{i}")(y)))
            logits.append(self.get_submodule(f"l{i}")(y))
            if i < self.config.stacks - 1:
                x = x + self.get_submodule(f"bl{i}")(y) + self.get_submodule(f"al{i}")(logits[-1])
        return logits


FUSED = {
    "conv1": "bn1",
    "conv2": "bn2",
    "conv3": "bn3",
    "0": "1",
    **{f"conv_last{i}": f"bn_end{i}" for i in range(4)},
}
"""Each convolution and the batch normalisation directly after it (bottleneck blocks only)."""


def confidence(probability: Tensor, points: Tensor, config: LandmarkConfig) -> Tensor:
    """Confidence of each point: a logistic function of its heatmap's standard deviation.

    probability (B, 74, h, w), points (B, 74, 2) normalised -> (B, 74) in [0, 1]
    """
    return heatmap.confidence(
        probability,
        points,
        half_cells=config.half_confidence_cells,
        slope=config.confidence_slope,
    )


class Landmarker:
    """A landmark network for inference; a `landmarks.inference.LandmarkDetector`.

    second_look: refines eyes and mouth; None: `refine` leaves points as they are.
    """

    def __init__(
        self, network: LandmarkNet, *, second_look: SecondLook | None = None, device: str = "cpu"
    ) -> None:
        self._second_look = second_look
        self.config = network.config
        self.size = network.config.size
        self._device = device
        if network.config.block is HourglassBlock.BOTTLENECK:
            fused = fuse_batch_norm(network, FUSED)
        else:
            fused = network.eval()
        self._network = fused.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def __call__(self, squares: Image) -> tuple[Points, NDArray[np.float32]]:
        """squares (B, S, S, 3) uint8 RGB -> points (B, 74, 2) in its pixels, confidence (B, 74)."""
        images = torch.from_numpy(np.ascontiguousarray(squares)).to(self._device)
        images = images.permute(0, 3, 1, 2).float().div_(255)  # channels last already
        probability = heatmap.normalise(self._network(images)[-1].float())
        points = heatmap.expected_points(probability)
        sure = confidence(probability, points, self.config)
        pixels = points_to_pixel(points, self.size, self.size)
        return pixels.cpu().numpy(), sure.cpu().numpy()

    def refine(self, frames: Sequence[Image], points: Points) -> Points:
        """Eyes and mouths looked at again: points (T, 74, 2) found in frames (H, W, 3) -> same."""
        return points if self._second_look is None else self._second_look(frames, points)


def load_landmarker(
    *, weights: str = "landmarks", second_look: bool = False, device: str = "cpu"
) -> Landmarker:
    """The landmark network of a registered weight.

    second_look: whether it comes with the patch networks, which refine eyes and mouth. The models
    were trained on points without them, so the main job does not use them yet.

    Raises:
        WeightsError: a weight is missing, damaged, or of another kind of network.
    """
    metadata, tensors = hub.load(weights)
    config = read_config(LandmarkConfig, metadata, where=f"weights {weights!r}")
    network = LandmarkNet(config)
    load_strictly(network, tensors, where=f"weights {weights!r}")
    refine = load_second_look(device=device) if second_look else None
    return Landmarker(network, second_look=refine, device=device)
