"""Divides a tracked video into clips: first and last frame, and the square to crop.

The protocol is that of Siarohin et al. 2019 (*First Order Motion Model for Image Animation*) for
VoxCeleb: a clip lasts while the face's box overlaps the box it had in the clip's first
frame; its square holds all of these boxes with a margin, and does not move.

Departures: the box bounds our 74 points, where theirs comes from a detector; the margin is that of
`faces.crop`, and grows with the face, not with its motion; one face is tracked through the whole
video, so that all clips of a video show one person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import FACE_MARGIN, face_square
from animate_cli.faces.tracking.smooth import runs
from animate_cli.prepare.options import PrepareOptions
from animate_cli.records import Crop, Points, Trajectory

Boxes = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipSpan:
    """The frames from start to stop (exclusive), cropped to one square of the raw video."""

    start: int
    stop: int
    square: Crop

    def __len__(self) -> int:
        return self.stop - self.start


class ClipSpans(NamedTuple):
    """The clips of a video, and the number of frames left out.

    short: frames in stretches that are too short; small: with too small a face.
    """

    spans: list[ClipSpan]
    short: int
    small: int


def find_spans(trajectory: Trajectory, choices: PrepareOptions) -> ClipSpans:
    """Find the clips of a tracked video, in order."""
    spans: list[ClipSpan] = []
    short = small = 0
    for part in _parts(trajectory, choices):
        points = trajectory.landmarks[part]
        square = union_square(points, trajectory.width, trajectory.height)
        if len(points) < choices.least_frames:
            short += len(points)
        elif square.size < max(choices.least_px, choices.size):
            small += len(points)
        else:
            spans.append(ClipSpan(start=part.start, stop=part.stop, square=square))
    return ClipSpans(spans, short, small)


def _parts(trajectory: Trajectory, choices: PrepareOptions) -> Iterator[slice]:
    """Stretches in which every frame has the face and it overlaps its first box enough."""
    for run in runs(trajectory.found, trajectory.cut):
        boxes = boxes_of(trajectory.landmarks[run])
        start = 0
        while start < len(boxes):
            ahead = boxes[start : start + choices.most_frames]
            left = np.flatnonzero(overlap(ahead, ahead[0]) < choices.least_iou)
            stop = start + (int(left[0]) if len(left) else len(ahead))
            yield slice(run.start + start, run.start + stop)
            start = stop


def union_square(points: Points, width: int, height: int) -> Crop:
    """The square around a moving face, points (T, 74, 2), in frames of width x height.

    For a face that does not move it is the square that `animate` uses (`crop.face_square`); the
    extent of the motion is added to it once.
    """
    boxes = boxes_of(points)
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    face = float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    side = float((high - low).max()) + (FACE_MARGIN - 1) * face
    middle, half = (low + high) / 2, side / FACE_MARGIN / 2
    return face_square(np.stack((middle - half, middle + half)), width, height)


def boxes_of(points: Points) -> Boxes:
    """Points (T, 74, 2) -> boxes x0, y0, x1, y1 (T, 4)."""
    return np.concatenate((points.min(axis=1), points.max(axis=1)), axis=1)


def overlap(boxes: Boxes, other: Boxes) -> Boxes:
    """Intersection over union (T,) of boxes (T, 4) with one box (4,)."""
    low, high = np.maximum(boxes[:, :2], other[:2]), np.minimum(boxes[:, 2:], other[2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    union = areas + (other[2:] - other[:2]).prod() - common
    shares: Boxes = common / np.maximum(union, 1e-6)
    return shares
