"""Distinguishes folders of numbered frames, which are clips, from folders of portraits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from animate_cli.errors import MediaError
from animate_cli.media.images.image import read_photo
from animate_cli.media.images.image_readers import numbered_pictures
from animate_cli.options import ReadOptions

MAX_DIFFERENCE = 25.0  # of 255: neighbouring frames differ by less on average, portraits by more
COMPARED_PAIRS = 3  # pairs of neighbours that are compared, spread over the folder
_SMALL = (32, 32)


def are_frames(folder: Path, *, least: int) -> bool:
    """Whether a folder holds the frames of a video.

    It does if it holds one series of at least `least` pictures, numbered without gaps, and
    neighbouring pictures have the same size and similar pixels.
    """
    try:
        files = numbered_pictures(folder)
        if len(files) < max(least, 2):
            return False
        places = {k * (len(files) - 2) // max(COMPARED_PAIRS - 1, 1) for k in range(COMPARED_PAIRS)}
        return all(_alike(files[k], files[k + 1]) for k in places)
    except MediaError:
        return False


def _alike(first: Path, second: Path) -> bool:
    one, other = (read_photo(f, max_pixels=ReadOptions.max_pixels).pixels for f in (first, second))
    if one.shape != other.shape:
        return False
    small = (cv2.resize(p, _SMALL, interpolation=cv2.INTER_AREA).astype(int) for p in (one, other))
    return float(np.abs(np.subtract(*small)).mean()) < MAX_DIFFERENCE
