"""A depth map of a portrait, from its landmarks alone.

The depth is known at the landmarks, by the fitted 3-D landmark model (`faces.shape3d.lift`), and at
points of the skull (`faces.shape3d.rigid_head`). A multiquadric (Hardy 1971) interpolates it:

    z(x) = Σ wᵢ φ(|x - xᵢ|)        φ(r) = √(r² + c²)
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.faces.shape3d import rigid_head as head
from animate_cli.faces.shape3d.lift import identify, lift
from animate_cli.faces.shape3d.model import ShapeModel
from animate_cli.records import Points

_SMOOTHNESS = 0.05  # c, in half sides of the square
_RIDGE = 1e-2  # regularises the interpolation: larger is smoother and less exact


def portrait_depth(points: Points, size: int, model: ShapeModel) -> NDArray[np.float32]:
    """z of every pixel of a square (S, S), px towards the viewer, 0 midway between the eyes.

    points (74, 2) in its pixels.
    """
    places, values = _known(points, model)
    unit = 2.0 / size

    def kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        square_px: NDArray[np.float64] = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
        return np.sqrt(square_px * unit**2 + _SMOOTHNESS**2)

    system = kernel(places, places) - _RIDGE * np.eye(len(places))
    weights = np.linalg.solve(system, values)
    nodes = np.linspace(0, size - 1, size // 4)
    grid = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    coarse = (kernel(grid, places) @ weights).reshape(len(nodes), -1)
    limited = np.clip(coarse, values.min(), values.max()).astype(np.float32)
    return np.asarray(cv2.resize(limited, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _known(points: Points, model: ShapeModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Landmarks and skull (N, 2) px, and their depths (N,) px."""
    eyes = eye_distance_px(points)
    seen = torch.from_numpy(points.astype(np.float32))[None]
    lifted = lift(model, seen, identify(model, seen))
    scale = float(lifted.pose.scale[0])
    own = scale * (lifted.points[0] @ lifted.pose.rotation[0].mT)[:, 2].numpy()
    own = own - own[list(OUTER_EYE_CORNERS)].mean()
    camera = head.cameras(seen, head.camera_fit("cpu"))
    skull = head.outline(camera)[0].numpy()
    toward = np.cross(camera[0, 0, :3], camera[0, 1, :3])
    length = max(float(np.linalg.norm(toward)), 1e-6)
    behind = np.asarray(head.OUTLINE_XYZ) @ toward * (eyes / length)
    return np.concatenate((points, skull)), np.concatenate((own, behind))


def eye_distance_px(points: Points) -> float:
    """Distance between the outer eye corners of points (74, 2), px."""
    return float(np.linalg.norm(np.subtract(*points[list(OUTER_EYE_CORNERS)])))
