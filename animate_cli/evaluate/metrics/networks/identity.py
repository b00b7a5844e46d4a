"""Whose face it is: cosine and distance between two faces' embeddings.

CSIM, the cosine with the source, stands for the face-matching score of Songsri-in & Zafeiriou 2019,
whose service is not at hand; AED (Siarohin et al. 2019) is the distance from the driver's frame.

The embedding is OpenVINO's face-reidentification-retail-0095 (Apache-2.0): 128² pixels, in which
five points lie where they lay in its training. Two pictures of one person give some .83, of two
people some .02.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.metrics.networks.onnx_network import open_network
from animate_cli.faces.landmarks.inference import eyes_and_mouth
from animate_cli.records import Image, Matrix, Points

FILE = "face_reid_0095.onnx"
SIZE = 128
PLACES = (
    *((0.3156, 0.4616), (0.6826, 0.4616), (0.5003, 0.6405)),
    *((0.3495, 0.8247), (0.6534, 0.8247)),
)
"""Right eye (image left), left eye, tip of the nose, corners of the mouth; shares of the side."""
_NOSE_AND_CORNERS = [30, 48, 54]

Array = NDArray[np.float32]
Embed = Callable[[Image, Points], Array]


def load_embedder(folder: Path) -> Embed:
    """picture (H, W, 3), its landmarks (74, 2) -> embedding (256,) of unit length.

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = open_network(folder / FILE)

    def embed(picture: Image, landmarks: Points) -> Array:
        face = aligned(picture, landmarks)
        (found,) = run(face[None, ..., ::-1].transpose(0, 3, 1, 2)).values()
        flat = found.reshape(-1)
        return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-12), np.float32)

    return embed


def aligned(picture: Image, landmarks: Points) -> Image:
    """The face with its five points as near as a similarity brings them to `PLACES`."""
    matrix = similarity(five_points(landmarks), np.array(PLACES) * SIZE)
    border = cv2.BORDER_REPLICATE
    return cv2.warpAffine(picture, matrix, (SIZE, SIZE), borderMode=border)  # type: ignore[return-value]


def five_points(landmarks: Points) -> Points:
    """Landmarks (74, 2) -> right eye, left eye, nose, corners of the mouth (5, 2)."""
    right, left, _ = eyes_and_mouth(landmarks)
    return np.concatenate((right[None], left[None], landmarks[_NOSE_AND_CORNERS]))


def similarity(start: Points, end: NDArray[np.floating]) -> Matrix:
    """The least-squares similarity that takes points to points: (K, 2), (K, 2) -> (2, 3)."""
    a, b = (p[:, 0] + 1j * p[:, 1] for p in (start.astype(np.float64), end.astype(np.float64)))
    middle, target = a.mean(), b.mean()
    spread = np.square(np.abs(a - middle)).sum()
    factor = ((a - middle).conj() * (b - target)).sum() / max(float(spread), 1e-12)
    shift = target - factor * middle
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]]
    )


def cosine(embeddings: Array, source: Array) -> float:
    """Mean cosine of embeddings (T, D) with one (D,), all of unit length."""
    return float((embeddings @ source).astype(np.float64).mean())


def average_distance(output: Array, driver: Array) -> float:
    """AED: mean Euclidean distance of embeddings of unit length, (T, D) each, frame by frame."""
    return float(np.linalg.norm((output - driver).astype(np.float64), axis=1).mean())
