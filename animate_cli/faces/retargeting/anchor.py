"""The anchor: the driver frame from which relative motion is measured.

What the face does since the anchor is added to what the photo already does. The nearer the
anchor's expression and pose are to the photo's, the less has to be added wrongly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import FaceError, OptionError
from animate_cli.faces.aperture import aperture, distance, eye_apertures, gaps
from animate_cli.faces.points import CHIN, EYE_CORNERS, LEFT_LIDS, OUTER_EYE_CORNERS, RIGHT_LIDS
from animate_cli.records import Points

Features = NDArray[np.float64]

_SHAPE, _MOUTH, _POSE, _ROLL = 1.0, 1.0, 3.0, 1.5  # weights, all in eye distances
_LIDS = 2.0  # ... of squared differences in openness
_USUAL = 0.75  # quantile of a clip's openings
_WIDE = 1.15  # openness beyond which eyes are just wide open
_JAW = 3.0  # ... of a jaw that hangs lower than the photo's, in face sizes
_SHUT_JAW = 0.1  # quantile of a clip's jaws: one that is shut
_SMILE = 0.1  # a smile parts the lips so far, in face sizes, without dropping the jaw
_NOSES_TO_EYES = 1.9  # the outer eye corners are so many noses apart
_BLOCK = 512  # frames whose features are held at once
_MIDDLE_LIPS, _MOUTH_CORNERS = (62, 66), (48, 54)
_NARROW = 0.12  # opening over width below which a photo's eye is shutting


def choose_anchor(
    source_landmarks: Points, landmarks: Points, found: NDArray[np.bool_], spec: str
) -> int:
    """Which frame relative motion starts from.

    source_landmarks (74, 2); landmarks (T, 74, 2) and found (T,) of the driver; spec: "auto" (the
    frame most like the source), "first" (the first with a face), or a frame number from 0.
    Raises FaceError where no frame has a face, OptionError for any other spec.
    """
    seen = np.flatnonzero(found)
    if not len(seen):
        raise FaceError("no face in any frame of the driver", hint="choose another driver")
    if spec == "first":
        return int(seen[0])
    if spec == "auto":
        frames = landmarks if len(seen) == len(landmarks) else landmarks[seen]
        return int(seen[np.argmin(unlikeness(source_landmarks, frames))])
    return _numbered(spec, found)


def _numbered(spec: str, found: NDArray[np.bool_]) -> int:
    """The frame of that number, if it is one and has a face."""
    if not (spec.isascii() and spec.isdigit()):
        raise OptionError(
            f"unknown anchor {spec!r}", hint="choose auto, first, or a frame number from 0"
        )
    frame = int(spec)
    if frame >= len(found):
        raise OptionError(
            f"anchor frame {frame} is past the driver's end",
            hint=f"choose a frame from 0 to {len(found) - 1}",
        )
    if not found[frame]:
        near = int(np.abs(np.flatnonzero(found) - frame).argmin())
        raise OptionError(
            f"no face was found in anchor frame {frame}",
            hint=f"the nearest frame with a face is {np.flatnonzero(found)[near]}",
        )
    return frame


def unlikeness(source: Points, frames: Points) -> Features:
    """How unlike the source each frame is, in pose and expression: (74, 2), (T, 74, 2) -> (T,).

    Points are compared upright and in units of the eyes' distance, so that place and size do not
    count. The difference of two people's faces adds the same to every frame. Lids are compared as
    shares of what is usual for either: an anchor with half-shut eyes would make the photo's bulge
    whenever the driver's are open. So are jaws: from an anchor with a dropped jaw, the chin of a
    photo that merely smiles would be pushed into its face whenever the driver's mouth shuts.
    """
    one = _features(source[None])
    blocks = [frames[start : start + _BLOCK] for start in range(0, len(frames), _BLOCK)]
    unlike = np.concatenate([np.square(_features(some) - one).sum(axis=1) for some in blocks])
    lids = _openness(frames) - _is_awake(source)
    jaw = _JAW * np.maximum(_jaw_drop(frames) - _mouth_gap(source), 0)
    return np.asarray(unlike + _LIDS * np.square(lids).sum(axis=1) + np.square(jaw))


def _jaw_drop(frames: Points) -> Features:
    """How far the chin hangs below where it is with the jaw shut, in face sizes: (T,)."""
    length = distance(frames, (33, CHIN)) / _size(frames)
    return np.asarray(length - np.quantile(length, _SHUT_JAW))


def _mouth_gap(source: Points) -> float:
    """How far a photo's jaw has dropped, going by its lips; what a smile does is not counted."""
    p = source[None].astype(np.float64)
    gap = aperture(p, (_MIDDLE_LIPS,), unit=_size(p))
    return max(float(gap[0]) - _SMILE, 0.0)


def _size(points: NDArray[np.floating]) -> Features:
    """A length that neither jaw nor expression changes, and turns and nods little: (T,) px."""
    eyes, nose = distance(points, OUTER_EYE_CORNERS), distance(points, (27, 33))
    return np.asarray(np.maximum(np.maximum(eyes, _NOSES_TO_EYES * nose), 1e-6))


def _openness(frames: Points) -> Features:
    """How far each eye is open, over what is usual in these frames: (T, 74, 2) -> (T, 2).

    Usual is the upper quartile, so that a driver who looks down half the time still has one.
    """
    apertures = eye_apertures(frames)
    usual = np.quantile(apertures, _USUAL, axis=0)
    return np.minimum(apertures / np.maximum(usual, 1e-6), _WIDE)


def _is_awake(source: Points) -> Features:
    """1 for eyes of a photo that are open however little, towards 0 as they shut: (74, 2) -> (2,).

    One picture does not tell narrow eyes from narrowed ones.
    """
    eyes = zip((RIGHT_LIDS, LEFT_LIDS), EYE_CORNERS, strict=True)
    openings = [aperture(source, (lids,), unit=distance(source, ends)) for lids, ends in eyes]
    return np.asarray(np.clip(np.stack(openings) / _NARROW, 0, 1))


def _features(points: Points) -> Features:
    """(T, 74, 2) -> (T, F): points in their own upright frame, then what they mean, weighted."""
    p = points.astype(np.float64)
    along = p[:, 45] - p[:, 36]
    size = _size(p)
    x = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    axes = np.stack((x, np.stack((-x[:, 1], x[:, 0]), axis=1)), axis=2)  # (T, 2, 2), columns
    upright = (p - p[:, [36, 45]].mean(axis=1, keepdims=True)) @ axes / size[:, None, None]

    mouth = gaps(upright, (_MIDDLE_LIPS, _MOUTH_CORNERS))
    pose = upright[:, 30]  # the nose's tip against the eyes: x turns, y nods
    roll = np.arctan2(x[:, 1], x[:, 0])[:, None]
    shape = upright.reshape(len(p), -1) / np.sqrt(p.shape[1])
    parts = (_SHAPE * shape, _MOUTH * mouth, _POSE * pose, _ROLL * roll)
    return np.concatenate(parts, axis=1)
