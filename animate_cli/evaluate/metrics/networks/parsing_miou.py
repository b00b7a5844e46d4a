"""Face-parsing mIoU: whether output and target have the same face regions at the same places.

    mIoU = mean over classes of | A ∩ B | / | A ∪ B |       A of the output, B of the target

A class counts if it covers `LEAST` of the target's square or more. The square is `MARGIN` times as
large as the bounding box of the target's points.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from animate_cli.faces.crop import cut, points_box, square
from animate_cli.faces.segmentation.face_parsing import CLASSES, SIZE, Labels, Parser
from animate_cli.records import Crop, Image, Points

FILE = "face_parse_bisenetv2_19.onnx"
MARGIN = 1.8
LEAST = 0.0005


def load_parser(folder: Path) -> Parser:
    """The face-parsing network from `FILE` in a folder.

    Raises:
        WeightsError: the file is missing or holds no network.
    """
    return Parser(folder / FILE)


def parsing_miou(parser: Parser, outputs: Tensor, target: Tensor, landmarks: Points) -> Tensor:
    """Outputs (N, 3, H, W), target (1, 3, H, W) in [0, 1], its landmarks (74, 2) -> mIoU (N,)."""
    crop = _face_square(landmarks)
    expected = parser(cut(_image(target[0]), crop))
    found = [parser(cut(_image(one), crop)) for one in outputs]
    return torch.tensor([mean_iou(one, expected) for one in found], dtype=torch.float64)


def mean_iou(found: Labels, target: Labels) -> float:
    """Class maps (H, W) of both -> mIoU; NaN where no class counts."""
    shares = [
        (found == k)[target == k].sum() / ((found == k) | (target == k)).sum()
        for k in range(CLASSES)
        if (target == k).mean() >= LEAST
    ]
    return float(np.mean(shares)) if shares else float("nan")


def _face_square(points: Points) -> Crop:
    x0, y0, x1, y1 = points_box(points)
    side = MARGIN * max(x1 - x0, y1 - y0)
    return square(((x0 + x1) / 2, (y0 + y1) / 2), side, SIZE)


def _image(image: Tensor) -> Image:
    """(3, H, W) in [0, 1] -> (H, W, 3) uint8."""
    pixels = (255 * image).round().to(torch.uint8).permute(1, 2, 0)
    return np.ascontiguousarray(pixels.cpu().numpy())
