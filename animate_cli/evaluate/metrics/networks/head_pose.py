"""Pose error: how far the head is from where the driver's motion should have put it.

Relative motion adds what happened since the anchor to the source's own pose:

    error = mean | (output - source) - (driver - anchor) |   over frames, and yaw, pitch, roll

Two evaluators give the angles: our own shape model fitted to our landmarks, and a network that is
independent of both, OpenVINO's head-pose-estimation-adas-0001 (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.evaluate.metrics.networks.onnx_network import open_network
from animate_cli.faces.crop import cut, points_box, square
from animate_cli.faces.shape3d.fit import fit
from animate_cli.faces.shape3d.model import ShapeModel
from animate_cli.records import Image, Points

FILE = "head_pose_adas_0001.onnx"
SIZE = 60
MARGIN = 1.2  # side of the square / longer side of the points' box
ANGLES = ("yaw", "pitch", "roll")

Array = NDArray[np.float64]
HeadPoseEstimator = Callable[[Image, Points], Array]


def load_head_pose(folder: Path) -> HeadPoseEstimator:
    """A function: image (H, W, 3), its landmarks (74, 2) -> yaw, pitch, roll (3,) in degrees.

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = open_network(folder / FILE)

    def estimate(image: Image, landmarks: Points) -> Array:
        x0, y0, x1, y1 = points_box(landmarks)
        side = MARGIN * max(x1 - x0, y1 - y0)
        crop = cut(image, square(((x0 + x1) / 2, (y0 + y1) / 2), side, SIZE))
        found = run(crop[None, ..., ::-1].transpose(0, 3, 1, 2))
        return np.array([float(found[name].item()) for name in ANGLES])

    return estimate


def fitted_angles(model: ShapeModel, points: Points) -> Array:
    """One person's landmarks (T, 74, 2) -> yaw, pitch, roll (T, 3) in degrees."""
    tensor = torch.from_numpy(points.astype(np.float32))
    angles: Array = (
        fit(model, tensor, torch.ones(tensor.shape[:2])).pose.angles_deg.double().numpy()
    )
    return angles


def pose_error_deg(output: Array, source: Array, driver: Array, anchor: Array) -> float:
    """Angles (T, 3), (3,), (T, 3), (3,) -> mean absolute error in degrees."""
    error = (output - source) - (driver - anchor)
    return float(np.abs((error + 180) % 360 - 180).mean())
