"""The protocol of the landmark benchmark: the squares that all detectors read.

Clips are tracked once by a reference detector without smoothing, as `animate run` tracks a driver.
Every detector reads the squares of that tracking, so that only the detectors differ. For photos the
labelled bounding box is moved and resized at random, as an imprecise face detector would find it;
the square is then centred on the landmarks that the reference detector finds there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from animate_cli.faces.crop import landmark_square
from animate_cli.faces.landmarks.inference import (
    LandmarkDetector,
    LandmarkResult,
    detect_in_crops,
    detect_landmarks,
    upright_square,
)
from animate_cli.faces.tracking.follower import has_left_square
from animate_cli.faces.tracking.track import track
from animate_cli.options import FaceOptions, Lost, Registration
from animate_cli.records import Crop, Frame, Image, Points, Trajectory, VideoInfo

Rng = np.random.Generator


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledClip:
    """A video in memory with its points (T, 74, 2) in pixels."""

    info: VideoInfo
    frames: Sequence[Frame]
    landmarks: Points


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledPicture:
    """A photo with its points (74, 2) in pixels; kind: the column that it counts in."""

    kind: str
    pixels: Image
    landmarks: Points


@dataclass(frozen=True, kw_only=True)
class LandmarkProtocol:
    """Everything that the scores depend on, except data and weights; written into the result.

    frames_per_clip: only the first frames are used, 0: all; smooth: strength of the rows with
    smoothing; shift, zoom: bounds of the random change of a photo's first box, as shares of its
    side; opinion_every: the external detectors run on every n-th frame of a clip.
    """

    squares: str = "tracked by the reference network without smoothing; one square for all rows"
    steadiness: str = "Zhao et al. 2021, eq. 9, mean length over points, every frame, no filter"
    normaliser: str = "distance between the labelled outer eye corners"
    reference: str = "landmarks"
    frames_per_clip: int = 0
    smooth: float = 0.5
    shift: float = 0.05
    zoom: float = 0.1
    opinion_every: int = 10
    seed: int = 0
    batch: int = 8


def track_clip(clip: LabelledClip, reference: LandmarkDetector) -> Trajectory:
    """The reference detector's points of a clip, without smoothing.

    Raises:
        FaceError: it finds no face in any frame.
    """
    options = FaceOptions(registration=Registration.OFF, smooth=0.0, lost=Lost.HOLD)
    return track(
        clip.frames, clip.info, reference, options, sha256="", on_frame=lambda _index: None
    )


def tracking_squares(tracked: Trajectory, size: int) -> list[Crop]:
    """The square of each frame, as `faces.tracking.follower.FaceFollower` cuts them.

    A square stays until the face of the frame before has left it; after a lost face or a cut a new
    square begins.
    """
    squares: list[Crop] = []
    for t, points in enumerate(tracked.landmarks):
        is_first = t == 0 or tracked.cut[t] or not tracked.found[t - 1]
        if is_first:
            squares.append(upright_square(points, size))
        elif has_left_square(tracked.landmarks[t - 1], squares[-1]):
            squares.append(upright_square(tracked.landmarks[t - 1], size))
        else:
            squares.append(squares[-1])
    return squares


def detect_in_clip(
    clip: LabelledClip, squares: Sequence[Crop], network: LandmarkDetector, batch: int
) -> list[LandmarkResult]:
    """A detector's landmarks in every frame."""
    views = [(frame.pixels, s) for frame, s in zip(clip.frames, squares, strict=True)]
    return [
        detection
        for start in range(0, len(views), batch)
        for detection in detect_in_crops(views[start : start + batch], network)
    ]


def picture_square(
    picture: LabelledPicture, reference: LandmarkDetector, protocol: LandmarkProtocol, rng: Rng
) -> Crop:
    """The square of a photo that every detector reads."""
    points = picture.landmarks
    side = float(np.ptp(points, axis=0).max())
    middle = points.mean(axis=0)
    zoom = rng.uniform(1 - protocol.zoom, 1 + protocol.zoom)
    moved = middle + rng.uniform(-protocol.shift, protocol.shift, 2) * side
    first = landmark_square((moved + (points - middle) * zoom), reference.size)
    found = detect_landmarks(picture.pixels, [first], reference)[0]
    return upright_square(found.landmarks, reference.size)


def shortened(clip: LabelledClip, frames: int) -> LabelledClip:
    """A clip's first `frames` frames, 0: all, at most as many as it has labels for."""
    count = min(len(clip.frames), len(clip.landmarks))
    count = min(count, frames) if frames else count
    return LabelledClip(
        info=clip.info, frames=clip.frames[:count], landmarks=clip.landmarks[:count]
    )
