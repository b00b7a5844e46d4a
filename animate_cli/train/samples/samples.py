"""Labelled face pictures for training, held in memory as JPEG.

Layout of a data folder: `manifest.csv` (file, split, kind, identity, terms, ...) beside the files
it names; a clip `x.mp4` has `x.npz` with landmarks (T, 478, 2), a picture `x.jpg` has `x.npz` with
(478, 2), and a folder of pictures may share one `landmarks.npz` (names, landmarks (N, 478, 2)).
All points are MediaPipe's, or already our 74, in pixels of the file. Without a manifest every clip
that has its labels beside it is used, and counts as a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.data.clips import read_clip
from animate_cli.data.label_files import read_npz
from animate_cli.data.labels import labelled_points
from animate_cli.data.manifest import CLIP, IMAGE, DataEntry, has_manifest, read_manifest
from animate_cli.data.pictures import label_of, read_picture
from animate_cli.errors import TrainError
from animate_cli.faces.crop import cut, points_box, square, to_crop
from animate_cli.records import Image, Points
from animate_cli.train.recipe import DataRecipe

STORED_PX = 256  # side of a stored picture
STORED_MARGIN = 2.6  # side of the stored square / longer side of the points' box
JPEG_QUALITY = 95


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One labelled picture as JPEG, its points (74, 2) in pixels, its person and its kind.

    Points that the data set does not label are NaN.
    """

    jpeg: NDArray[np.uint8]
    points: Points
    identity: str
    kind: str

    def pixels(self) -> Image:
        """(H, W, 3) uint8 RGB."""
        return decode_jpeg(self.jpeg)


@dataclass(frozen=True, kw_only=True)
class TrainingClip:
    """One clip or picture of the manifest."""

    path: Path
    kind: str
    identity: str


def is_dev(identity: str) -> bool:
    """Whether a training person is in dev, the tenth that scores a training; by hash."""
    return hashlib.sha256(identity.encode()).digest()[0] % 10 == 0


def read_rows(recipe: DataRecipe, split: str) -> list[TrainingClip]:
    """The clips and pictures of a split ("train" or "val") that have labels.

    Raises:
        TrainError: there is no manifest and no labelled clip, or nothing fits.
        OptionError: the manifest cannot be read.
    """
    root = Path(recipe.root)
    if not has_manifest(root):
        return _clips_of(root, split)
    rows = [
        TrainingClip(path=entry.path, kind=_kind(entry, root), identity=entry.identity)
        for entry in read_manifest(root)
        if entry.split == split
        and entry.kind in (CLIP, IMAGE)
        and (not recipe.terms or entry.terms in recipe.terms)
    ]
    if not rows:
        raise TrainError(
            f"{root} holds no {split} data with terms {recipe.terms}", hint="check data.terms"
        )
    return rows


def _clips_of(root: Path, split: str) -> list[TrainingClip]:
    clips = [clip for clip in sorted(root.rglob("*.mp4")) if clip.with_suffix(".npz").is_file()]
    if split != "train" or not clips:
        raise TrainError(
            f"{root} holds no manifest.csv and no labelled clips to {split} on",
            hint="point data.root at a data folder: clips x.mp4, each with its x.npz",
        )
    return [TrainingClip(path=clip, kind="clip", identity=clip.stem) for clip in clips]


def read_samples(rows: list[TrainingClip], stride: int) -> Iterator[Sample]:
    """Every labelled picture of the rows, every `stride`-th frame of clips."""
    for row in rows:
        if row.kind == "clip":
            yield from _read_clip(row, stride)
        else:
            points = label_of(row.path)
            if points is not None:
                yield _read_image(row, points)


def _kind(entry: DataEntry, root: Path) -> str:
    if entry.kind == CLIP:
        return CLIP
    return "lfw" if entry.path.is_relative_to(root / "lfw") else IMAGE


def _read_clip(row: TrainingClip, stride: int) -> Iterator[Sample]:
    points, found = clip_points(row.path)
    for frame in islice(read_clip(row.path), len(points)):
        if frame.index % stride == 0 and found[frame.index]:
            yield _sample(row, frame.pixels, points[frame.index])


def clip_points(path: Path) -> tuple[Points, NDArray[np.bool_]]:
    """A clip's labels: points (T, 74, 2) in its pixels, and in which frames a face was found (T,).

    Raises:
        DataError: they cannot be read.
    """
    labels = read_npz(path.with_suffix(".npz"))
    return labels.points, labels.found


def stored(pixels: Image, points: Points, *, identity: str, kind: str) -> Sample:
    """A sample of a picture; of a large one, the surroundings of the face."""
    if max(pixels.shape[:2]) > STORED_PX * 1.5:
        x0, y0, x1, y1 = points_box(labelled_points(points))
        side = STORED_MARGIN * max(x1 - x0, y1 - y0)
        crop = square(((x0 + x1) / 2, (y0 + y1) / 2), side, STORED_PX)
        pixels, points = cut(pixels, crop), to_crop(points, crop)
    return Sample(jpeg=encode_jpeg(pixels), points=points, identity=identity, kind=kind)


def encode_jpeg(pixels: Image) -> NDArray[np.uint8]:
    """JPEG bytes of a picture."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return jpeg.astype(np.uint8, copy=False)


def decode_jpeg(jpeg: NDArray[np.uint8]) -> Image:
    """(H, W, 3) uint8 RGB of JPEG bytes."""
    bgr = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # type: ignore[arg-type,return-value]


def _read_image(row: TrainingClip, points: Points) -> Sample:
    return stored(read_picture(row.path), points, identity=row.identity, kind=row.kind)


def _sample(row: TrainingClip, pixels: Image, points: Points) -> Sample:
    return Sample(jpeg=encode_jpeg(pixels), points=points, identity=row.identity, kind=row.kind)
