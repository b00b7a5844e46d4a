"""Identity: cosine and distance between the embeddings of two faces.

CSIM, the cosine with the source, replaces the face-matching score of Songsri-in & Zafeiriou 2019,
a commercial service; AED (Siarohin et al. 2019) is the distance from the driver's frame.

The embedding is OpenVINO's face-reidentification-retail-0095 (Apache-2.0). It reads 128² pixels,
aligned by five points as in its training. Two photos of one person have a cosine of about .83, of
two people about .02.
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
ALIGNED_POINTS = (
    *((0.3156, 0.4616), (0.6826, 0.4616), (0.5003, 0.6405)),
    *((0.3495, 0.8247), (0.6534, 0.8247)),
)
"""Right eye (image left), left eye, tip of the nose, corners of the mouth; shares of the side."""
_NOSE_AND_CORNERS = [30, 48, 54]

Array = NDArray[np.float32]
FaceEmbedder = Callable[[Image, Points], Array]


def load_embedder(folder: Path) -> FaceEmbedder:
    """A function: image (H, W, 3), its landmarks (74, 2) -> embedding (256,) of unit length.

    Raises:
        WeightsError: its file is not in the folder.
        OptionError: onnxruntime is not installed.
    """
    run = open_network(folder / FILE)

    def embed(image: Image, landmarks: Points) -> Array:
        face = aligned(image, landmarks)
        (found,) = run(face[None, ..., ::-1].transpose(0, 3, 1, 2)).values()
        flat = found.reshape(-1)
        return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-12), np.float32)

    return embed


def aligned(image: Image, landmarks: Points) -> Image:
    """The face (128, 128, 3), its five points moved onto `ALIGNED_POINTS` by a similarity."""
    matrix = similarity(five_points(landmarks), np.array(ALIGNED_POINTS) * SIZE)
    border = cv2.BORDER_REPLICATE
    return cv2.warpAffine(image, matrix, (SIZE, SIZE), borderMode=border)  # type: ignore[return-value]


def five_points(landmarks: Points) -> Points:
    """Landmarks (74, 2) -> right eye, left eye, nose, corners of the mouth (5, 2)."""
    right, left, _ = eyes_and_mouth(landmarks)
    return np.concatenate((right[None], left[None], landmarks[_NOSE_AND_CORNERS]))


def similarity(start: Points, end: NDArray[np.floating]) -> Matrix:
    """The least-squares similarity from points to points: (K, 2), (K, 2) -> (2, 3)."""
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
