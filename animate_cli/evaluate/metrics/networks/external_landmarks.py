"""Landmark detectors that others trained on other labels.

They show whether our own detector repeats the errors of the labels that it was trained on. Both are
ONNX files, run by the optional package onnxruntime:

    file                          | trained by        | reads          | gives
    openseeface_lm_model0_66.onnx | OpenSeeFace       | 224², ImageNet | 66 heatmaps with offsets
    pfld_ghostone_98.onnx         | PFLD GhostOne     | 112², [0, 1]   | 98 points of WFLW

Both read an upright square of 1.1 times the bounding box of points that are already known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.metrics.networks.onnx_network import open_network
from animate_cli.faces.crop import cut, points_box, square, to_frame
from animate_cli.faces.landmarks.inference import roll_deg
from animate_cli.faces.points import WFLW
from animate_cli.records import LANDMARKS, Image, Points

MARGIN = 1.1  # side of the square / longer side of the points' box, as both were trained
Array = NDArray[np.float32]

OPENSEEFACE = {
    **{k: k for k in range(48)},
    **dict(zip((48, 54), (58, 62), strict=True)),  # corners of the mouth
    **{49 + k: 48 + k for k in range(5)},
    **{55 + k: 53 + k for k in range(5)},
    **dict(zip((61, 62, 63, 65, 66, 67), (59, 60, 61, 63, 64, 65), strict=True)),
}
"""Landmark of the 74 -> point of OpenSeeFace's 66: it has no inner corners of the mouth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExternalLandmarks:
    """One detector. points: the landmarks of the 74 that it gives; size: of its square in pixels;
    read: the square (S, S, 3) -> points (K, 2) in pixels of the square."""

    name: str
    points: tuple[int, ...]
    size: int
    read: Callable[[Image], Array]

    def __call__(self, frame: Image, landmarks: Points) -> Points:
        """frame (H, W, 3), known points (74, 2) -> detected (len(points), 2) in frame pixels."""
        x0, y0, x1, y1 = points_box(landmarks)
        side = MARGIN * max(x1 - x0, y1 - y0)
        crop = square(((x0 + x1) / 2, (y0 + y1) / 2), side, self.size, roll_deg(landmarks))
        return to_frame(self.read(cut(frame, crop)), crop)


def openseeface(folder: Path) -> ExternalLandmarks:
    """OpenSeeFace's model 0, 66 points.

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = _first_output(folder / "openseeface_lm_model0_66.onnx")
    mean = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
    deviation = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
    order = list(OPENSEEFACE.values())

    def read(crop: Image) -> Array:
        normal = (as_batch(crop) - mean) / deviation
        return decode_offsets(run(normal)[0])[order]

    return ExternalLandmarks(name="openseeface", points=tuple(OPENSEEFACE), size=224, read=read)


def pfld(folder: Path) -> ExternalLandmarks:
    """PFLD GhostOne, trained on WFLW, 98 points with the pupils.

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = _first_output(folder / "pfld_ghostone_98.onnx")
    order = list(WFLW)

    def read(crop: Image) -> Array:
        share = run(as_batch(crop)).reshape(98, 2)[order]
        points: Array = (share * crop.shape[1] - 0.5).astype(np.float32)
        return points

    return ExternalLandmarks(name="pfld", points=tuple(range(LANDMARKS)), size=112, read=read)


def decode_offsets(maps: Array, size: int = 224) -> Array:
    """OpenSeeFace's output (3 K, h, w) -> points (K, 2): the highest cell moved by its offsets.

    The first K maps are heatmaps, the next K offsets down, the last K offsets right; an offset p in
    (0, 1) means (size - 1) / 16 · ln(p / (1 - p)) pixels.
    """
    heat, down, right = np.split(maps.reshape(3, len(maps) // 3, -1), 3)
    cells, steps = maps.shape[2], size - 1
    best = heat[0].argmax(axis=1)[:, None]
    row, column = np.divmod(best[:, 0], cells)
    p = np.stack([np.take_along_axis(o[0], best, axis=1)[:, 0] for o in (right, down)], axis=1)
    p = np.clip(p, 1e-7, 1 - 1e-7)
    coarse = steps * np.stack((column, row), axis=1) / (cells - 1)
    points: Array = (coarse + steps / 16 * np.log(p / (1 - p))).astype(np.float32)
    return points


def as_batch(crop: Image) -> Array:
    """(S, S, 3) uint8 RGB -> (1, 3, S, S) in [0, 1]."""
    batch: Array = (crop.astype(np.float32) / np.float32(255)).transpose(2, 0, 1)[None]
    return batch


def _first_output(path: Path) -> Callable[[NDArray[np.floating]], Array]:
    network = open_network(path)
    return lambda batch: next(iter(network(batch).values()))
