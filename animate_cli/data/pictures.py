"""Labelled pictures: x.jpg with x.npz beside it, or with an entry in its folder's landmarks.npz."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from animate_cli.data.label_files import to_74_points
from animate_cli.errors import DAMAGED_ARCHIVE, DataError
from animate_cli.records import Image, Points


def label_of(path: Path) -> Points | None:
    """The landmarks (74, 2) of a picture from its own or its folder's label file; None: no label.

    Raises:
        DataError: the file is damaged, or not a label file.
    """
    own = path.with_suffix(".npz")
    if own.is_file():
        with _as_data_error(own), np.load(own, allow_pickle=False) as labels:
            return to_74_points(labels["landmarks"])
    return _folder_points(path.parent / "landmarks.npz").get(path.name)


@cache
def _folder_points(path: Path) -> dict[str, Points]:
    if not path.is_file():
        return {}
    with _as_data_error(path), np.load(path, allow_pickle=False) as labels:
        points = to_74_points(labels["landmarks"])
        return dict(zip(labels["names"].tolist(), points, strict=True))


@contextmanager
def _as_data_error(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGED_ARCHIVE as error:
        hint = "the file is damaged: fetch it again"
        raise DataError(f"{path}: no landmarks can be read ({error})", hint=hint) from error


def read_picture(path: Path) -> Image:
    """Read the pixels (H, W, 3) as stored, without EXIF rotation: labels refer to stored pixels.

    Raises:
        DataError: it cannot be read.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise DataError(f"cannot read {path}", hint="fetch it again, or remove its label")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]
