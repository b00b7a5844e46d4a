"""Part maps of faces (`faces.segmentation.face_parsing`), cut and mirrored with their pictures."""

from __future__ import annotations

import cv2
import numpy as np

from animate_cli.faces.segmentation.face_parsing import CLASSES, Labels
from animate_cli.records import Crop

SIDES = ((2, 3), (4, 5), (7, 8))
"""Brows, eyes, ears: the person's left and right, exchanged in a mirror."""


def unlabelled() -> Labels:
    """The part map of a picture without one, (0, 0)."""
    return np.zeros((0, 0), np.uint8)


def cut_parts(labels: Labels, crop: Crop) -> Labels:
    """(H, W) -> the square's own pixels, each with the label of the nearest; (0, 0) stays."""
    if labels.size == 0:
        return labels
    flags, extent = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, (crop.size, crop.size)
    border = cv2.BORDER_REPLICATE
    seen = cv2.warpAffine(labels, crop.crop_to_frame, extent, flags=flags, borderMode=border)
    return np.asarray(seen, np.uint8)


def mirrored_parts(labels: Labels) -> Labels:
    """The map mirrored, the labels of left and right exchanged."""
    table = np.arange(CLASSES, dtype=np.uint8)
    for left, right in SIDES:
        table[[left, right]] = right, left
    return np.ascontiguousarray(table[labels[:, ::-1]])
