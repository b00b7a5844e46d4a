"""Where the patches of a face lie, and which of the 74 landmarks each holds.

Convention  right and left are the person's, as everywhere: the right eye is on the image's left.
            Patches of the left eye are mirrored, so that one network knows both.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from animate_cli.faces.aperture import gaps
from animate_cli.faces.crop import points_box, square
from animate_cli.faces.points import (
    EYE_CORNERS,
    INNER_LIPS,
    MIRROR,
    OUTER_EYE_CORNERS,
    OUTER_LIPS,
    PUPILS,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.records import Crop, Points

EYE_SIDE = 1.9  # side of an eye's patch / the eye's width
MOUTH_SIDE = 1.45  # side of the mouth's patch / the distance between the outer eye corners
LEAST_EYE_WIDTH = 0.1  # of the face's box: a turned eye is hardly narrower in the patch
LEAST_EYE_DISTANCE = 0.5  # of the face's box: a face in profile has eyes on one spot


class FacePart(StrEnum):
    """A part of the face that is looked at again."""

    RIGHT_EYE = "right_eye"
    LEFT_EYE = "left_eye"
    MOUTH = "mouth"


RIGHT_EYE_POINTS = (*RIGHT_EYE, *RIGHT_LIDS, PUPILS[0])
POINTS_OF = {
    FacePart.RIGHT_EYE: RIGHT_EYE_POINTS,
    FacePart.LEFT_EYE: tuple(MIRROR[k] for k in RIGHT_EYE_POINTS),
    FacePart.MOUTH: (*OUTER_LIPS, *INNER_LIPS),
}
"""Which landmarks a part has. Point n of the left eye is the mirror image of point n of the right
one."""

_CORNERS = {FacePart.RIGHT_EYE: (36, 39), FacePart.LEFT_EYE: (42, 45)}


def patch_square(points: Points, part: FacePart, size: int) -> Crop:
    """The upright square about a part: points (74, 2) in frame pixels -> a crop of `size` pixels.

    It is turned so that an eye's corners lie level; the mouth's so that the eyes do, since a smile
    may be crooked. Seen through it, a left eye is not mirrored.
    """
    x0, y0, x1, y1 = points_box(points)
    face = max(x1 - x0, y1 - y0)
    corners = OUTER_EYE_CORNERS if part is FacePart.MOUTH else _CORNERS[part]
    right, left = (points[k].astype(np.float64) for k in corners)
    across = left - right
    if part is FacePart.MOUTH:
        lips = points[list(OUTER_LIPS)].astype(np.float64)
        center = (lips.min(axis=0) + lips.max(axis=0)) / 2
        side = MOUTH_SIDE * max(float(np.hypot(*across)), LEAST_EYE_DISTANCE * face)
    else:
        center = (left + right) / 2
        side = EYE_SIDE * max(float(np.hypot(*across)), LEAST_EYE_WIDTH * face)
    roll_deg = float(np.degrees(np.arctan2(across[1], across[0])))
    return square((float(center[0]), float(center[1])), side, size, roll_deg)


def eye_width_px(points: Points) -> float:
    """The mean width of both eyes of points (74, 2), in their pixels."""
    return float(gaps(points, EYE_CORNERS).mean())


EYES = (FacePart.RIGHT_EYE, FacePart.LEFT_EYE)
