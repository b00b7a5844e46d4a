"""The people of `val` as the landmark table wants them."""

import os
from pathlib import Path

import numpy as np

from animate_cli.evaluate.landmark_protocol import LabelledClip, LabelledPicture
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.train.data import read_rows, read_samples
from animate_cli.train.recipe import DataRecipe

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
        with np.load(row.path.with_suffix(".npz"), allow_pickle=False) as labels:
            points = labels["landmarks"][:, MEDIAPIPE].astype(np.float32)
        with open_driver(row.path, ReadOptions(), threads=1) as reader:
            yield LabelledClip(info=reader.info, frames=list(reader), landmarks=points)


def pictures(data):
    """The portraits and the LFW faces of `val`."""
    for sample in read_samples(rows(data, "val", ("image", "lfw")), stride=1):
        yield LabelledPicture(kind=sample.kind, pixels=sample.pixels(), landmarks=sample.points)
