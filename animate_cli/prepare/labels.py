"""Writes the label file (.npz) beside a clip or picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animate_cli.media.target import as_output_error
from animate_cli.records import Detection, Points, Trajectory

SUFFIX = ".npz"


def save_clip_labels(path: Path, trajectory: Trajectory, part: slice, landmarks: Points) -> None:
    """Write the labels of the frames `part` of a tracked video.

    landmarks (T, 74, 2) in pixels of the clip, confidence (T, 74), and booleans (T,): found, the
    face was found; cut, a new shot begins.

    Raises:
        OutputError: they cannot be written.
    """
    _save(
        path,
        {
            "landmarks": landmarks.astype(np.float32),
            "confidence": trajectory.confidence[part],
            "found": trajectory.found[part],
            "cut": trajectory.cut[part],
        },
    )


def save_picture_labels(path: Path, face: Detection, landmarks: Points) -> None:
    """Write landmarks (74, 2) in pixels of the picture, and their confidence (74,).

    Raises:
        OutputError: they cannot be written.
    """
    _save(path, {"landmarks": landmarks.astype(np.float32), "confidence": face.confidence})


def _save(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    with as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
