"""The same network read out without DSNT: the highest cell of each heatmap.

As FAN does it (Bulat & Tzimiropoulos 2017): the cell of the maximum, moved by a quarter of a cell
towards the higher of its neighbours on each axis. Zhao et al. 2021, table 5, row "FAN4".

Departure from the paper: its FAN4 was also trained without DSNT; this reads any trained network.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from animate_cli import hub
from animate_cli.faces.landmarks.network import LandmarkConfig, LandmarkNet, confidence
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_normalised, points_to_pixel
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.records import Image, Points


def read_network(path: Path) -> LandmarkNet:
    """The landmark network of any weights file, such as one that a training wrote.

    Raises:
        WeightsError: missing, damaged, or not a landmark network's.
    """
    metadata, tensors = hub.read(path)
    network = LandmarkNet(read_config(LandmarkConfig, metadata, where=str(path)))
    load_strictly(network, tensors, where=str(path))
    return network.eval()


class ArgmaxLandmarker:
    """In the shape of `landmarks.Landmarker`; confidence is that of the same heatmaps."""

    def __init__(self, network: LandmarkNet) -> None:
        self.size = network.config.size
        self._network = network.eval()

    @torch.inference_mode()
    def __call__(self, squares: Image) -> tuple[Points, NDArray[np.float32]]:
        """squares (B, S, S, 3) uint8 RGB -> points (B, 74, 2) in its pixels, confidence (B, 74)."""
        images = torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 255
        logits = self._network(images)[-1]
        height, width = logits.shape[-2:]
        points = points_to_normalised(highest(logits), height, width)
        probability = heatmap.normalise(logits)
        mean = heatmap.expected_points(probability)
        sure = confidence(probability, mean, self._network.config)
        return points_to_pixel(points, self.size, self.size).numpy(), sure.numpy()

    def refine(self, frames: Sequence[Image], points: Points) -> Points:
        """One look is all there is."""
        return points


def highest(logits: Tensor) -> Tensor:
    """logits (B, K, H, W) -> points (B, K, 2) in cells, on a raster of quarters."""
    width = logits.shape[-1]
    best = logits.flatten(2).argmax(dim=-1)
    row, column = best // width, best % width
    padded = F.pad(logits, (1, 1, 1, 1), mode="reflect").flatten(2)  # no shift over the border

    def at(down: int, right: int) -> Tensor:
        place = (row + 1 + down) * (width + 2) + column + 1 + right
        return padded.gather(2, place[..., None])[..., 0]

    x = column + 0.25 * torch.sign(at(0, 1) - at(0, -1))
    y = row + 0.25 * torch.sign(at(1, 0) - at(-1, 0))
    return torch.stack((x, y), dim=-1)
