"""Choose the anchor: the driver frame from which relative motion is measured.

Relative motion adds the driver's motion since the anchor to the expression and pose of the photo.
The more the anchor resembles the photo, the smaller the error of this addition.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import FaceError, OptionError
from animate_cli.faces.aperture import aperture, distance, eye_apertures, gaps
from animate_cli.faces.points import CHIN, EYE_CORNERS, LEFT_LIDS, OUTER_EYE_CORNERS, RIGHT_LIDS
from animate_cli.records import Points

Features = NDArray[np.float64]

_SHAPE, _MOUTH, _POSE, _ROLL = 1.0, 1.0, 3.0, 1.5  # weights of differences, in face sizes
_LIDS = 2.0  # ... of squared differences of relative eye apertures
_USUAL = 0.75  # quantile of a clip's eye apertures that counts as the usual one
_WIDE = 1.15  # relative aperture, at most; larger ones count as this
_JAW = 3.0  # weight of a jaw that is lower than the photo's, in face sizes
_SHUT_JAW = 0.1  # quantile of a clip's chin distances that counts as a shut jaw
_SMILE = 0.1  # gap of the lips in a smile with shut jaw, in face sizes
_NOSES_TO_EYES = 1.9  # distance of the outer eye corners / length of the nose, on average
_BLOCK = 512  # frames whose features are computed at a time
_MIDDLE_LIPS, _MOUTH_CORNERS = (62, 66), (48, 54)
_NARROW = 0.12  # aperture in eye widths from which a photo's eye counts as open


def choose_anchor(
    source_landmarks: Points, landmarks: Points, found: NDArray[np.bool_], spec: str
) -> int:
    """Number of the frame from which relative motion is measured.

    source_landmarks (74, 2); landmarks (T, 74, 2) and found (T,) of the driver; spec: "auto" (the
    found frame most similar to the source), "first" (the first found frame), or a number from 0.

    Raises:
        FaceError: no frame has a face.
        OptionError: `spec` is something else, or the number of a frame without a face.
    """
    seen = np.flatnonzero(found)
    if not len(seen):
        raise FaceError("no face in any frame of the driver", hint="choose another driver")
    if spec == "first":
        return int(seen[0])
    if spec == "auto":
        frames = landmarks if len(seen) == len(landmarks) else landmarks[seen]
        return int(seen[np.argmin(dissimilarity(source_landmarks, frames))])
    return _numbered(spec, found)


def _numbered(spec: str, found: NDArray[np.bool_]) -> int:
    """The frame number in `spec`.

    Raises:
        OptionError: it is no number, past the end, or of a frame without a face.
    """
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


def dissimilarity(source: Points, frames: Points) -> Features:
    """Dissimilarity of pose and expression between the source and each frame.

    source (74, 2), frames (T, 74, 2) -> (T,). Points are compared in an upright frame and in units
    of the face's size, so that place and size do not count; the difference between two people's
    faces adds about the same to every frame. Eye apertures are compared relative to each person's
    usual one: from an anchor with half-shut eyes, the photo's would open too far when the driver's
    open. A jaw lower than the photo's adds to the dissimilarity: from such an anchor, the chin of a
    photo with a shut jaw would move into the face when the driver's mouth shuts.
    """
    one = _features(source[None])
    blocks = [frames[start : start + _BLOCK] for start in range(0, len(frames), _BLOCK)]
    dissimilar = np.concatenate([np.square(_features(some) - one).sum(axis=1) for some in blocks])
    lids = _relative_apertures(frames) - _source_eye_aperture(source)
    jaw = _JAW * np.maximum(_jaw_drop(frames) - _mouth_gap(source), 0)
    return np.asarray(dissimilar + _LIDS * np.square(lids).sum(axis=1) + np.square(jaw))


def _jaw_drop(frames: Points) -> Features:
    """Distance of the chin below its place with a shut jaw, in face sizes: (T, 74, 2) -> (T,)."""
    length = distance(frames, (33, CHIN)) / _size(frames)
    return np.asarray(length - np.quantile(length, _SHUT_JAW))


def _mouth_gap(source: Points) -> float:
    """Gap of a photo's lips (74, 2) beyond that of a smile, in face sizes."""
    p = source[None].astype(np.float64)
    gap = aperture(p, (_MIDDLE_LIPS,), unit=_size(p))
    return max(float(gap[0]) - _SMILE, 0.0)


def _size(points: NDArray[np.floating]) -> Features:
    """Size of faces (T, 74, 2): (T,) px. Expression does not change it, yaw and pitch little."""
    eyes, nose = distance(points, OUTER_EYE_CORNERS), distance(points, (27, 33))
    return np.asarray(np.maximum(np.maximum(eyes, _NOSES_TO_EYES * nose), 1e-6))


def _relative_apertures(frames: Points) -> Features:
    """Aperture of each eye relative to the usual one of these frames: (T, 74, 2) -> (T, 2).

    The usual aperture is the upper quartile, which half-shut eyes in half of the frames do not
    change.
    """
    apertures = eye_apertures(frames)
    usual = np.quantile(apertures, _USUAL, axis=0)
    return np.minimum(apertures / np.maximum(usual, 1e-6), _WIDE)


def _source_eye_aperture(source: Points) -> Features:
    """Relative aperture of a photo's eyes: (74, 2) -> (2,), 1 if open, towards 0 if shut.

    One picture does not tell how far this person's eyes usually open, so any open eye counts as 1.
    """
    eyes = zip((RIGHT_LIDS, LEFT_LIDS), EYE_CORNERS, strict=True)
    openings = [aperture(source, (lids,), unit=distance(source, ends)) for lids, ends in eyes]
    return np.asarray(np.clip(np.stack(openings) / _NARROW, 0, 1))


def _features(points: Points) -> Features:
    """Weighted features (T, F) of points (T, 74, 2): shape, mouth, pose and roll."""
    p = points.astype(np.float64)
    along = p[:, 45] - p[:, 36]
    size = _size(p)
    x = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    axes = np.stack((x, np.stack((-x[:, 1], x[:, 0]), axis=1)), axis=2)  # (T, 2, 2), columns
    upright = (p - p[:, [36, 45]].mean(axis=1, keepdims=True)) @ axes / size[:, None, None]

    mouth = gaps(upright, (_MIDDLE_LIPS, _MOUTH_CORNERS))
    pose = upright[:, 30]  # tip of the nose relative to the eyes: x changes with yaw, y with pitch
    roll = np.arctan2(x[:, 1], x[:, 0])[:, None]
    shape = upright.reshape(len(p), -1) / np.sqrt(p.shape[1])
    parts = (_SHAPE * shape, _MOUTH * mouth, _POSE * pose, _ROLL * roll)
    return np.concatenate(parts, axis=1)
