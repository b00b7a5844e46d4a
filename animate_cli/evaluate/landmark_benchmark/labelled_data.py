"""Reads a data set's clips and photos with their landmark labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from animate_cli.data.label_files import read_labels
from animate_cli.data.labels import complete
from animate_cli.data.manifest import IMAGE, has_manifest, read_manifest
from animate_cli.data.pictures import label_of, read_picture
from animate_cli.errors import DataError
from animate_cli.evaluate.landmark_benchmark.protocol import LabelledClip, LabelledPicture
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions


def labelled_clip(path: Path) -> LabelledClip:
    """A clip in memory, up to its first frame without a label. Eyelid and pupil points that the
    labels lack are estimated.

    Raises:
        DataError: there are no labels, they are damaged, or the first frame has none.
        MediaError: the clip cannot be read.
    """
    labels = read_labels(path)
    count = len(labels.found) if labels.found.all() else int(labels.found.argmin())
    if not count:
        raise DataError(f"{path}: the first frame has no label", hint="leave the clip out")
    with open_driver(path, ReadOptions(), threads=1) as reader:
        frames = list(reader)[:count]
        return LabelledClip(
            info=reader.info, frames=frames, landmarks=complete(labels.points[: len(frames)])
        )


def labelled_pictures(root: Path, split: str) -> Iterator[LabelledPicture]:
    """The labelled photos of a folder with a manifest. A photo's kind is its first subfolder.

    Raises:
        OptionError: the manifest cannot be read.
        DataError: a picture cannot be read.
    """
    for entry in read_manifest(root) if has_manifest(root) else ():
        if entry.kind != IMAGE or not entry.is_in(split):
            continue
        points = label_of(entry.path)
        if points is not None:
            folder = entry.path.relative_to(root).parts[0]
            yield LabelledPicture(
                kind=folder, pixels=read_picture(entry.path), landmarks=complete(points)
            )
