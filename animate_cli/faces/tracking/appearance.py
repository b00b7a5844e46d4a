"""Compare the appearance of faces within one video by a small aligned colour patch.

It tells the people of one shot apart; it is no face recognition. On labelled clips the similarity
of two frames of one person is above 0.68 in 97 % of pairs (median 0.98); that of two people has a
median of 0.49 and is above 0.70 in 10 % of pairs. The patch includes the hair.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import cut, rescale, square, to_crop
from animate_cli.faces.landmarks.inference import LandmarkResult, eyes_and_mouth, roll_deg
from animate_cli.records import Crop, Points

Descriptor = NDArray[np.float32]

_SIDE = 32
_SEEN_SIDE = 48  # to which the network's square is reduced first
_REACH = 3.2  # side of the patch / distance from the eyes to the mouth
_CHROMA_SCALE = 12.0  # levels of LAB's a and b that weigh as much as one deviation of L


def describe(result: LandmarkResult) -> Descriptor:
    """The patch of a face as a unit vector (3072,) float32."""
    small = cv2.resize(result.pixels, (_SEEN_SIDE, _SEEN_SIDE), interpolation=cv2.INTER_AREA)
    points = to_crop(result.landmarks, rescale(result.crop, _SEEN_SIDE))
    patch = cut(small, _patch(points), _SIDE)  # type: ignore[arg-type]
    lab = cv2.cvtColor(cv2.GaussianBlur(patch, (0, 0), 1.5), cv2.COLOR_RGB2LAB).astype(np.float32)
    light = lab[..., 0] - lab[..., 0].mean()
    lab[..., 0] = light / (light.std() + 5)
    lab[..., 1:] = (lab[..., 1:] - 128) / _CHROMA_SCALE
    flat = lab.ravel()
    return _unit(flat)


def similarity(a: Descriptor, b: Descriptor) -> float:
    """Cosine of two descriptors, in [-1, 1]; 1 for equal patches."""
    return float(a @ b)


def blend(reference: Descriptor, new: Descriptor, share: float) -> Descriptor:
    """A reference moved towards a new descriptor by `share`, in [0, 1]."""
    return _unit(reference + share * (new - reference))


def _unit(vector: NDArray[np.floating]) -> Descriptor:
    return (vector / max(float(np.linalg.norm(vector)), 1e-6)).astype(np.float32)


def _patch(points: Points) -> Crop:
    """The square of the patch: centred between eyes and mouth (74, 2), turned with the head."""
    right, left, mouth = eyes_and_mouth(points)
    eyes = (right + left) / 2
    reach = max(float(np.linalg.norm(mouth - eyes)), 0.9 * float(np.linalg.norm(left - right)))
    x, y = (eyes + mouth) / 2
    return square((float(x), float(y)), _REACH * max(reach, 1.0), _SIDE, roll_deg(points))
