"""The labelled clips and pictures of the split `val`."""

import os
from pathlib import Path

from animate_cli.evaluate.landmark_benchmark.labelled_data import labelled_clip
from animate_cli.evaluate.landmark_benchmark.protocol import LabelledPicture
from animate_cli.train.recipe import DataRecipe
from animate_cli.train.samples.samples import read_rows, read_samples

STATIC = "LANDMARKS_STATIC"  # environment: weights file of the training before SBR
SBR = "LANDMARKS_SBR"  # ... and after it
CONTROL = "LANDMARKS_CONTROL"  # ... and after as many steps without registration
ARGMAX = "LANDMARKS_ARGMAX"  # ... and of a training for arg max: [loss] euclidean = 0
DLIB = "LANDMARKS_DLIB"  # ... and dlib's predictor; trained where there is none


def given(variable: str) -> Path | None:
    """The file named by an environment variable."""
    return Path(os.environ[variable]) if os.environ.get(variable) else None


def rows(data, split, kinds):
    return [r for r in read_rows(DataRecipe(root=str(data)), split) if r.kind in kinds]


def clips(data):
    """Every frame of every clip of `val`, one clip in memory at a time."""
    for row in rows(data, "val", ("clip",)):
        yield labelled_clip(row.path)


def pictures(data):
    """The portraits and the LFW faces of `val`."""
    for sample in read_samples(rows(data, "val", ("image", "lfw")), stride=1):
        yield LabelledPicture(kind=sample.kind, pixels=sample.pixels(), landmarks=sample.points)
