"""Where eyes look, read by a network of others, and how far an output's are from the driver's.

OpenVINO's gaze-estimation-adas-0002 (Apache-2.0) sees both eyes upright and how the head stands.
Angles are yaw (towards the image's right) and pitch (up), in degrees; the error is that of
`pose_error`, of the motion. Frames in which the driver's eyes are nearly closed say nothing.
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
ReadGaze = Callable[[Image, Points, Array], Array]


def load_gaze(folder: Path) -> ReadGaze:
    """picture (H, W, 3), its landmarks (74, 2), yaw, pitch, roll (3,) -> gaze yaw, pitch (2,).

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = open_network_of_many(folder / FILE)

    def read(picture: Image, landmarks: Points, pose_deg: Array) -> Array:
        roll = roll_deg(landmarks)
        eyes = {
            f"{side}_eye_image": _eye(picture, landmarks[[*corners]], roll)
            for side, corners in (("left", LEFT_EYE), ("right", RIGHT_EYE))
        }
        stands = np.array([[pose_deg[0], pose_deg[1], 0.0]], np.float32)
        (found,) = run({**eyes, "head_pose_angles": stands}).values()
        return angles_deg(found.reshape(3).astype(np.float64), roll)

    return read


def angles_deg(vector: Array, roll: float) -> Array:
    """What is seen upright (3,): x right, y up, z behind the picture -> yaw, pitch (2,).

    roll: how far the head is turned clockwise in the picture, in degrees.
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
    gap = clip_apertures(driver_points, LIDS)
    opened = gap > OPEN * np.median(gap)
    if not opened.any():
        return float("nan")
    return pose_error_deg(output[opened], source, driver[opened], anchor)


def _eye(picture: Image, points: Points, roll: float) -> NDArray[np.float32]:
    """The six points of an eye -> its square, upright, (1, 3, 60, 60) BGR."""
    x, y = (points[0] + points[3]) / 2
    width = float(np.linalg.norm(points[0] - points[3]))
    seen = cut(picture, square((float(x), float(y)), MARGIN * max(width, 1.0), SIZE, roll))
    return seen[None, ..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
