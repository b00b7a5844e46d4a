"""On which squares of which frames landmark detectors are compared: the same for all of them.

Clips are tracked once by a reference network without smoothing, as a run tracks its driver, and
its squares are what every detector is shown, frame after frame: only the detector differs.
Pictures are met as after a careless detector: the labelled box moved and resized at random, the
square cut again about what the reference network saw in the first one.
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
    """A picture with its points (74, 2) in pixels; kind: the column it counts in."""

    kind: str
    pixels: Image
    landmarks: Points


@dataclass(frozen=True, kw_only=True)
class LandmarkProtocol:
    """Everything that the figures depend on beside data and weights; written into the result.

    frames_per_clip: only the first ones; 0: all. smooth: strength of the rows with smoothing.
    shift, zoom: how careless the first box of a picture is, as shares of its side.
    opinion_every: the second opinion is asked about every n-th frame of a clip.
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
    """The reference network's raw points of a clip.

    Raises:
        FaceError: it sees no face in any frame.
    """
    options = FaceOptions(registration=Registration.OFF, smooth=0.0, lost=Lost.HOLD)
    return track(
        clip.frames, clip.info, reference, options, sha256="", on_frame=lambda _index: None
    )


def tracking_squares(tracked: Trajectory, size: int) -> list[Crop]:
    """Where a follower looks: the square stays until the face of the frame before strays from it.

    As `faces.tracking.follower.FaceFollower` cuts them; anew after a loss or a cut.
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
    """What a detector sees in every frame."""
    views = [(frame.pixels, s) for frame, s in zip(clip.frames, squares, strict=True)]
    return [
        sight
        for start in range(0, len(views), batch)
        for sight in detect_in_crops(views[start : start + batch], network)
    ]


def picture_square(
    picture: LabelledPicture, reference: LandmarkDetector, protocol: LandmarkProtocol, rng: Rng
) -> Crop:
    """The square in which every detector meets a picture."""
    points = picture.landmarks
    side = float(np.ptp(points, axis=0).max())
    middle = points.mean(axis=0)
    zoom = rng.uniform(1 - protocol.zoom, 1 + protocol.zoom)
    moved = middle + rng.uniform(-protocol.shift, protocol.shift, 2) * side
    careless = landmark_square((moved + (points - middle) * zoom), reference.size)
    seen = detect_landmarks(picture.pixels, [careless], reference)[0]
    return upright_square(seen.landmarks, reference.size)


def shortened(clip: LabelledClip, frames: int) -> LabelledClip:
    """The first frames of a clip, as far as its labels go; 0: all."""
    count = min(len(clip.frames), len(clip.landmarks))
    count = min(count, frames) if frames else count
    return LabelledClip(
        info=clip.info, frames=clip.frames[:count], landmarks=clip.landmarks[:count]
    )
