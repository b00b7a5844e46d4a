"""Relative motion of key points: the driver's change since one frame, applied to the source.

Siarohin et al. 2019, *First Order Motion Model for Image Animation*, section 3.3.

    symbol | name            | shape                          | equation
    p_S    | source.value    | (1, 10, 2)                     | key points of the source
    p_D    | driver.value    | (B, 10, 2)                     | key points of the driver
    p_A    | anchor.value    | (1, 10, 2)                     | key points of the anchor frame
    p      | value           | (B, 10, 2)                     | eq. 13: p_S + scale (p_D − p_A)
    J      | jacobian        | (B, 10, 2, 2)                  | eq. 13: J_D J_A^-1 J_S

Departures from the paper
    scale   the change is scaled by the source's size over the anchor's, as the published code does
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
