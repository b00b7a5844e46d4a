"""Relative motion of key points.

Siarohin et al. 2019, *First Order Motion Model for Image Animation*, section 3.3.
"""

from __future__ import annotations

import math

import cv2
import torch
from torch import Tensor

from animate_cli.models.first_order.keypoint_detector import KeyPoints


def relative_keypoints(
    source: KeyPoints, driver: KeyPoints, anchor: KeyPoints, *, scale: float = 1.0
) -> KeyPoints:
    """The change since the anchor frame, applied to the source's points (eq. 13).

    value: p_S + scale (p_D - p_A);  jacobian: J_D J_A^-1 J_S. source and anchor hold one frame,
    driver B. scale: source's size over driver's, see `spread`.
    """
    return KeyPoints(
        value=source.value + scale * (driver.value - anchor.value),
        jacobian=driver.jacobian @ torch.linalg.inv(anchor.jacobian) @ source.jacobian,
    )


def spread(points: Tensor) -> float:
    """A size of a set of points (10, 2): the root of the area of its convex hull."""
    hull = cv2.convexHull(points.detach().float().cpu().numpy())
    return math.sqrt(cv2.contourArea(hull))


def toward(start: KeyPoints, end: KeyPoints, share: float) -> KeyPoints:
    """A share of the way from one set of points (1 frame) to others (B frames); 1 is all of it."""
    return KeyPoints(
        value=torch.lerp(start.value.expand_as(end.value), end.value, share),
        jacobian=torch.lerp(start.jacobian.expand_as(end.jacobian), end.jacobian, share),
    )
