"""Inpaint holes in pictures from their surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.segmentation.face_parsing import Labels
from animate_cli.records import Image


def inpaint_holes(pixels: Image, hole: Labels) -> Image:
    """The picture (S, S, 3), inpainted (Telea 2004) where hole (S, S) is set.

    It is computed at a quarter of the size, so the filled area is smooth.
    """
    size = len(pixels)
    small = cv2.resize(pixels, (size // 4, size // 4), interpolation=cv2.INTER_AREA)
    mask = (cv2.resize(hole, (size // 4, size // 4), interpolation=cv2.INTER_AREA) > 0).astype("u1")
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    closed = cv2.inpaint(small, mask, 3, cv2.INPAINT_TELEA) if not mask.all() else small
    large = cv2.resize(closed, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.where(hole[..., None] > 0, large, pixels)


def dilate(mask: NDArray[np.bool_], size: int) -> Labels:
    """1 within half so many pixels of the mask (S, S)."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)), np.uint8)
