"""What one face looks like against another in the same video: a small aligned colour picture.

Enough to tell the people of one shot apart, not to recognise anybody: on labelled clips the same
person's frames have a similarity above 0.68 in 97 % of pairs (median 0.98), different people's
lie around 0.49 and above 0.70 in 10 %. Hair counts, so the patch reaches round the face.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import cut, rescale, square, to_crop
from animate_cli.faces.landmarks.inference import LandmarkResult, eyes_and_mouth, roll_deg
from animate_cli.records import Crop, Points

Look = NDArray[np.float32]

_SIDE = 32
_SEEN_SIDE = 48  # the network's square is averaged down to this first
_REACH = 3.2  # side of the patch / distance from the eyes to the mouth
_CHROMA_SCALE = 12.0  # grey levels of LAB a and b that count as much as one deviation of light


def describe(sight: LandmarkResult) -> Look:
    """The face's patch as a unit vector (3072,)."""
    small = cv2.resize(sight.pixels, (_SEEN_SIDE, _SEEN_SIDE), interpolation=cv2.INTER_AREA)
    points = to_crop(sight.landmarks, rescale(sight.crop, _SEEN_SIDE))
    patch = cut(small, _patch(points), _SIDE)  # type: ignore[arg-type]
    lab = cv2.cvtColor(cv2.GaussianBlur(patch, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    light = lab[..., 0] - lab[..., 0].mean()
    lab[..., 0] = light / (light.std() + 5)
    lab[..., 1:] = (lab[..., 1:] - 128) / _CHROMA_SCALE
    flat = lab.ravel()
    return _unit(flat)


def similarity(a: Look, b: Look) -> float:
    """Cosine of two descriptions: 1 the same picture."""
    return float(a @ b)


def blend(reference: Look, new: Look, share: float) -> Look:
    """A reference that learns slowly from what is seen."""
    return _unit(reference + share * (new - reference))


def _unit(vector: NDArray[np.floating]) -> Look:
    return (vector / max(float(np.linalg.norm(vector)), 1e-6)).astype(np.float32)


def _patch(points: Points) -> Crop:
    """The aligned square: between eyes and mouth, turned with the head."""
    right, left, mouth = eyes_and_mouth(points)
    eyes = (right + left) / 2
    reach = max(float(np.linalg.norm(mouth - eyes)), 0.9 * float(np.linalg.norm(left - right)))
    x, y = (eyes + mouth) / 2
    return square((float(x), float(y)), _REACH * max(reach, 1.0), _SIDE, roll_deg(points))
