"""Reads the landmark labels beside a video.

    x.mp4 + x.npz                      landmarks (T, 478 or 74, 2); "found" (T,) is optional
    PERSON/vid.avi + PERSON/annot/     300VW: 68 points of frame n, counted from 1, in 00000n.pts

MediaPipe's 478 points are converted to our 74; missing lids and pupils are NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animate_cli.data.labels import IBUG_POINTS, POINTS, from_ibug
from animate_cli.errors import DAMAGED_ARCHIVE, DataError
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.records import Points

ANNOTATIONS = "annot"
_HINT = "the file is damaged: fetch it again"


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipLabels:
    """Labels of a clip: points (T, 74, 2) in its pixels; found (T,): which frames have a label."""

    points: Points
    found: NDArray[np.bool_]


def read_labels(clip: Path) -> ClipLabels:
    """Read the labels beside a clip.

    Raises:
        DataError: there are none, or they are damaged.
    """
    if clip.with_suffix(".npz").is_file():
        return read_npz(clip.with_suffix(".npz"))
    annotations = clip.parent / ANNOTATIONS
    files = {int(f.stem): f for f in annotations.glob("*.pts") if f.stem.isdecimal()}
    if not files:
        hint = f"a clip's points are in {clip.stem}.npz beside it, or in {ANNOTATIONS}/000001.pts"
        raise DataError(f"{clip} has no landmarks beside it", hint=hint)
    count = max(files)
    points = np.full((count, POINTS, 2), np.nan, np.float32)
    for number, file in files.items():
        points[number - 1] = read_pts(file)
    return ClipLabels(points=points, found=np.isin(np.arange(1, count + 1), list(files)))


def read_npz(path: Path) -> ClipLabels:
    """Read the labels of a clip from one .npz file.

    Raises:
        DataError: it is damaged, or not a label file.
    """
    try:
        with np.load(path, allow_pickle=False) as labels:
            points = to_74_points(labels["landmarks"])
            found = labels["found"] if "found" in labels else np.ones(len(points), np.bool_)
    except DAMAGED_ARCHIVE as error:
        raise DataError(f"{path}: no landmarks can be read ({error})", hint=_HINT) from error
    return ClipLabels(points=points, found=found)


def to_74_points(landmarks: NDArray[np.floating]) -> Points:
    """Points (..., 478 or 74, 2) -> (..., 74, 2)."""
    are_74 = landmarks.shape[-2] == len(MEDIAPIPE)
    ours = landmarks if are_74 else landmarks[..., MEDIAPIPE, :]
    return ours.astype(np.float32)


def read_pts(path: Path) -> Points:
    """Read the 68 points of a .pts file -> (74, 2), lids and pupils NaN.

    Raises:
        DataError: it cannot be read, or does not hold 68 points in braces.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}", hint=_HINT) from error
    words = text.partition("{")[2].partition("}")[0].split()
    try:
        points = np.array(words, np.float64).reshape(-1, 2)
    except ValueError as error:
        raise DataError(f"{path}: {error}", hint=_HINT) from error
    if len(points) != IBUG_POINTS:
        raise DataError(f"{path}: {len(points)} points, not {IBUG_POINTS}", hint="remove the file")
    return from_ibug(points)
