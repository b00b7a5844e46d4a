"""Clips with other detectors' landmarks beside them, so that each can teach and drive a model.

Zhao et al. 2021, table 5, right half: the same model, trained with and driven by the points of
each detector. All detectors are shown the same squares, those that the clips' own labels ask for,
and only the 68 iBUG points are kept: lids and pupils are made up from them (`data.labels`).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import av
import numpy as np

from animate_cli.data.label_files import ClipLabels, read_npz
from animate_cli.data.labels import IBUG_POINTS, complete
from animate_cli.data.manifest import CLIP, NAME, DataEntry, read_manifest
from animate_cli.faces.landmarks.inference import LandmarkDetector, detect_in_crops, upright_square
from animate_cli.faces.tracking.follower import has_left_square
from animate_cli.records import Crop, Image

_BATCH = 16
_COLUMNS = ("file", "split", "kind", "identity", "terms")


def relabel(
    root: Path, out: Path, detectors: Mapping[str, LandmarkDetector], *, terms: str, every: int
) -> None:
    """Write the data folders OUT/<detector>: the clips of `root` and what each detector sees.

    root: a prepared folder, its clips labelled; terms: only rows with these terms, empty: all;
    every: the n-th frames get labels, the others count as not found. A clip that is there already
    is not looked at again.

    Raises:
        OptionError: the manifest cannot be read.
        DataError: a clip's own labels cannot be read.
    """
    clips = [e for e in read_manifest(root) if e.kind == CLIP and terms in ("", e.terms)]
    for clip in clips:
        missing = {n: d for n, d in detectors.items() if not _labels(root, out / n, clip).is_file()}
        if missing:
            _look(root, out, clip, missing, every)
    for name in detectors:
        _write_manifest(root, out / name, clips)


def _look(
    root: Path, out: Path, clip: DataEntry, detectors: Mapping[str, LandmarkDetector], every: int
) -> None:
    own = read_npz(clip.path.with_suffix(".npz"))
    wanted = [t for t in range(0, len(own.points), every) if own.found[t]]
    frames = _frames(clip.path, wanted)
    for name, detector in detectors.items():
        points = np.zeros_like(own.points)
        views = list(zip(frames, _squares(own, wanted, detector.size), strict=True))
        for start in range(0, len(views), _BATCH):
            sights = detect_in_crops(views[start : start + _BATCH], detector)
            points[wanted[start : start + _BATCH]] = [sight.landmarks for sight in sights]
        points[:, IBUG_POINTS:] = np.nan
        found = np.isin(np.arange(len(points)), wanted)
        _save(_labels(root, out / name, clip), ClipLabels(points=complete(points), found=found))


def _squares(own: ClipLabels, wanted: Sequence[int], size: int) -> list[Crop]:
    """A follower's squares: one stays until the face strays from it."""
    squares: list[Crop] = []
    for t in wanted:
        points = own.points[t]
        keeps = squares and not has_left_square(points, squares[-1])
        squares.append(squares[-1] if keeps else upright_square(points, size))
    return squares


def _frames(path: Path, wanted: Sequence[int]) -> list[Image]:
    chosen = frozenset(wanted)
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24")  # type: ignore[misc]
            for index, frame in enumerate(container.decode(video=0))
            if index in chosen
        ]


def _labels(root: Path, folder: Path, clip: DataEntry) -> Path:
    return folder / clip.path.relative_to(root).with_suffix(".npz")


def _save(path: Path, labels: ClipLabels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with beside.open("wb") as file:
        np.savez(file, allow_pickle=False, landmarks=labels.points, found=labels.found)
    beside.replace(path)


def _write_manifest(root: Path, folder: Path, clips: Sequence[DataEntry]) -> None:
    """The clips that have labels, each file beside its own."""
    with (folder / NAME).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        for clip in clips:
            name = clip.path.relative_to(root)
            target = folder / name
            if not target.is_file():
                shutil.copyfile(clip.path, target)
            table.writerow((name.as_posix(), clip.split, clip.kind, clip.identity, clip.terms))
