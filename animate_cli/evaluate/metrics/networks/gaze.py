"""Gaze error: how far an output's gaze is from where the driver's motion should have put it.

OpenVINO's gaze-estimation-adas-0002 (Apache-2.0) reads both eyes, turned upright, and the head
pose. Angles are yaw (towards the image's right) and pitch (up) in degrees; the error is that of
`pose_error_deg`. Frames in which the driver's eyes are nearly closed are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.metrics.landmarks.aperture_correlation import LIDS, clip_apertures
from animate_cli.evaluate.metrics.networks.head_pose import pose_error_deg
from animate_cli.evaluate.metrics.networks.onnx_network import open_network_of_many
from animate_cli.faces.crop import cut, square
from animate_cli.faces.landmarks.inference import roll_deg
from animate_cli.faces.points import LEFT_EYE, RIGHT_EYE
from animate_cli.records import Image, Points

FILE = "gaze_adas_0002.onnx"
SIZE = 60
MARGIN = 1.8  # side of a square / width of the eye
OPEN = 0.5  # of the clip's median aperture

Array = NDArray[np.float64]
GazeEstimator = Callable[[Image, Points, Array], Array]


def load_gaze(folder: Path) -> GazeEstimator:
    """A function: image (H, W, 3), its landmarks (74, 2), head yaw, pitch, roll (3,) -> gaze yaw,
    pitch (2,), all in degrees.

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = open_network_of_many(folder / FILE)

    def estimate(image: Image, landmarks: Points, pose_deg: Array) -> Array:
        roll = roll_deg(landmarks)
        eyes = {
            f"{side}_eye_image": _eye(image, landmarks[[*corners]], roll)
            for side, corners in (("left", LEFT_EYE), ("right", RIGHT_EYE))
        }
        upright_pose = np.array([[pose_deg[0], pose_deg[1], 0.0]], np.float32)
        (found,) = run({**eyes, "head_pose_angles": upright_pose}).values()
        return angles_deg(found.reshape(3).astype(np.float64), roll)

    return estimate


def angles_deg(vector: Array, roll: float) -> Array:
    """A gaze vector (3,) in the upright crop -> yaw, pitch (2,) in the image, in degrees.

    The vector's x points right, y up, z away from the camera. roll: how far the head is turned
    clockwise in the image, in degrees.
    """
    x, y, z = vector / max(float(np.linalg.norm(vector)), 1e-12)
    c, s = np.cos(np.deg2rad(roll)), np.sin(np.deg2rad(roll))
    right, up = c * x + s * y, c * y - s * x
    yaw, pitch = np.arctan2(right, -z), np.arcsin(np.clip(up, -1, 1))
    return np.array([float(np.rad2deg(angle)) for angle in (yaw, pitch)])


def gaze_error_deg(
    output: Array, source: Array, driver: Array, anchor: Array, driver_points: Points
) -> float:
    """Angles (T, 2), (2,), (T, 2), (2,); driver_points (T, 74, 2) -> mean absolute, degrees."""
    apertures = clip_apertures(driver_points, LIDS)
    is_open = apertures > OPEN * np.median(apertures)
    if not is_open.any():
        return float("nan")
    return pose_error_deg(output[is_open], source, driver[is_open], anchor)


def _eye(image: Image, points: Points, roll: float) -> NDArray[np.float32]:
    """The six points of an eye -> its upright square (1, 3, 60, 60), BGR."""
    x, y = (points[0] + points[3]) / 2
    width = float(np.linalg.norm(points[0] - points[3]))
    crop = cut(image, square((float(x), float(y)), MARGIN * max(width, 1.0), SIZE, roll))
    return crop[None, ..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
