"""Detect cuts by comparing thumbnails of neighbouring frames.

The change is one minus the correlation of two 16x16 colour thumbnails. It does not depend on
brightness or contrast, so that flashes and fades are not cuts. On 52 real clips the change between
neighbouring frames of one shot stays below 0.1, with few exceptions; between frames of different
clips it is above 0.35 in 99 % of pairs. In between, `follower.py` calls it a cut if the face jumps
as well.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.records import Image

SURE_CUT = 0.35
MAYBE_CUT = 0.2  # a cut if the face jumps at the same time

_SIDE = 16
_THINNED_SIDE_PX = 64
_FLAT = 40.0  # norm of a thumbnail that varies by 1.4 grey levels, too little to compare

Thumbnail = NDArray[np.float32]


def thumbnail(frame: Image) -> Thumbnail:
    """frame (H, W, 3) -> (16, 16, 3) with zero mean per channel and norm below 1. Cost: 0.05 ms."""
    step = max(min(frame.shape[:2]) // _THINNED_SIDE_PX, 1)
    small = cv2.resize(frame[::step, ::step], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    varied = small.astype(np.float32)
    varied -= varied.mean(axis=(0, 1))
    return varied / (float(np.linalg.norm(varied)) + _FLAT)


def change(a: Thumbnail, b: Thumbnail) -> float:
    """Change between two thumbnails: 0 for equal ones, about 1 for unrelated ones, at most 2."""
    return float(((a - b) ** 2).sum() / 2)
