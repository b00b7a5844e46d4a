"""L1 over the face, the mouth or the eyes of the target.

A region is the convex hull of landmarks, grown on all sides by a share of the distance between the
outer eye corners.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.faces.landmarks.jitter import interocular_px
from animate_cli.faces.points import LEFT_EYE, LEFT_LIDS, OUTER_LIPS, RIGHT_EYE, RIGHT_LIDS
from animate_cli.records import LANDMARKS, Points

GROWN = 0.1


class FaceRegion(StrEnum):
    """A region of the face."""

    FACE = "face"
    MOUTH = "mouth"
    EYES = "eyes"


HULLS = MappingProxyType(
    {
        FaceRegion.FACE: (tuple(range(LANDMARKS)),),
        FaceRegion.MOUTH: (OUTER_LIPS,),
        FaceRegion.EYES: (RIGHT_EYE + RIGHT_LIDS, LEFT_EYE + LEFT_LIDS),
    }
)


def region_mask(
    landmarks: Points, region: FaceRegion, height: int, width: int
) -> NDArray[np.bool_]:
    """A region's mask (H, W) from landmarks (74, 2) in pixels of the image."""
    mask = np.zeros((height, width), np.uint8)
    radius = max(1, round(GROWN * float(interocular_px(landmarks))))
    for indices in HULLS[region]:
        hull = cv2.convexHull(np.round(landmarks[list(indices)]).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 1)
        cv2.polylines(mask, [hull], isClosed=True, color=1, thickness=2 * radius + 1)
    return mask.astype(bool)


def region_l1(x: Tensor, y: Tensor, mask: NDArray[np.bool_]) -> Tensor:
    """Mean absolute difference inside a mask (H, W): x (N, 3, H, W), y (1, 3, H, W) -> (N,).

    NaN where the region lies outside the image.
    """
    inside = torch.from_numpy(mask).to(x.device)
    return (x - y).abs()[:, :, inside].mean(dim=(1, 2))
