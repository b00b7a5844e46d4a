"""Readers of public annotated faces: WFLW's lists, and the .pts files of 300-W and 300VW."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from animate_cli.data import label_files
from animate_cli.data.clips import read_clip
from animate_cli.data.labels import WFLW_POINTS, from_wflw
from animate_cli.data.pictures import read_picture
from animate_cli.errors import TrainError
from animate_cli.train.samples.samples import Sample, stored

WFLW_LIST = "WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_train.txt"
WFLW_IMAGES = "WFLW_images"
WFLW_COLUMNS = 2 * WFLW_POINTS + 4 + 6 + 1  # points, box, attributes, picture
PICTURES = (".jpg", ".png", ".jpeg")
VIDEO = "vid.avi"


def read_wflw(root: Path, annotations: str, stride: int) -> Iterator[Sample]:
    """Faces of WFLW as it is published: a line per face below `WFLW_images`.

    annotations: the list below root, empty: the training list. Each picture counts as a person.

    Raises:
        TrainError: the list or a picture is missing, or a line is none of WFLW's.
    """
    path = root / (annotations or WFLW_LIST)
    for number, line in enumerate(_text(path).splitlines(), start=1):
        if number % stride != 0:
            continue
        words = line.split()
        if len(words) != WFLW_COLUMNS:
            raise TrainError(
                f"{path}, line {number}: {len(words)} columns, not {WFLW_COLUMNS}",
                hint="give one of the lists named list_98pt_rect_attr",
            )
        points = _numbers(words[: 2 * WFLW_POINTS], f"{path}, line {number}")
        pixels = read_picture(root / WFLW_IMAGES / words[-1])
        yield stored(pixels, from_wflw(points), identity=f"wflw/{words[-1]}", kind="wflw")


def read_pts(root: Path, stride: int) -> Iterator[Sample]:
    """Everything below root with a .pts file: x.pts beside x.jpg or x.png (300-W), and
    PERSON/annot/000001.pts beside PERSON/vid.avi (300VW).

    Raises:
        TrainError: there is no .pts file, or one has no picture.
        DataError: one is damaged.
    """
    files = sorted(root.rglob("*.pts"))
    if not files:
        raise TrainError(f"{root} holds no .pts files", hint="point root at 300-W or 300VW")
    videos = {file.parent for file in files if (file.parent.parent / VIDEO).is_file()}
    for folder in sorted(videos):
        yield from _read_video(folder, stride)
    for file in [file for file in files if file.parent not in videos][::stride]:
        identity = f"pts/{file.stem.rsplit('_', 1)[0]}"  # x_1, x_2: faces of one picture
        yield stored(
            read_picture(_picture_of(file)),
            label_files.read_pts(file),
            identity=identity,
            kind="pts",
        )


def _read_video(annotations: Path, stride: int) -> Iterator[Sample]:
    """Frame n, counted from 1, has its points in annot/00000n.pts."""
    video = annotations.parent / VIDEO
    identity = f"pts/{annotations.parent.name}"
    for frame in read_clip(video):
        path = annotations / f"{frame.index + 1:06d}.pts"
        if frame.index % stride == 0 and path.is_file():
            yield stored(frame.pixels, label_files.read_pts(path), identity=identity, kind="pts")


def _picture_of(path: Path) -> Path:
    found = next((p for end in PICTURES if (p := path.with_suffix(end)).is_file()), None)
    if found is None:
        raise TrainError(f"{path} has no picture beside it", hint="keep .pts and pictures together")
    return found


def _numbers(words: list[str], where: str) -> NDArray[np.float64]:
    """Words in pairs -> (N, 2)."""
    try:
        return np.array(words, np.float64).reshape(-1, 2)
    except ValueError as error:
        raise TrainError(f"{where}: {error}", hint="the file is damaged: fetch it again") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrainError(f"cannot read {path}: {error}", hint="check root and list") from error
