"""Outputs of the embedded networks for the examples; the only file here that imports them.

The landmarks that were recorded are the models' input, so that each network is pinned by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from golden_store import ROOT, Array, read_arrays, sampled
from torch import Tensor

from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.patch_landmarks.network import load_patch_landmarker
from animate_cli.faces.segmentation.matte import load_matte
from animate_cli.faces.shape3d.model import load_shape_model
from animate_cli.models.find import find_model
from animate_cli.options import Motion, MotionOptions
from animate_cli.records import OpenEdges

LANDMARKS, MATTE = "landmarks.npz", "matte.npz"
MODELS = {"sparse_to_dense": "sparse_to_dense.npz", "thin_plate": "thin_plate.npz"}
FRAMES = (0, 40, 75, 120)  # of the example driver; motion is measured from the first
FACE_SIZE, SEEN = 256, 128
BODY = 26
HEAD_X, HEAD_Y, HEAD_PX = 114, 21, 220  # the portrait's head: a square in its pixels
ALONE, AMIDST = OpenEdges(), OpenEdges(left=True, top=True, right=True, bottom=True)
CASES = {
    "amid a photo": (Motion.RELATIVE, 0, AMIDST),
    "with the body": (Motion.RELATIVE, BODY, ALONE),
    "absolute": (Motion.ABSOLUTE, 0, ALONE),
}
"""Which motion, how many rows of body, and behind which edges the photo goes on."""

LOADERS: dict[str, Callable[[str], object]] = {
    "eye_patches": load_patch_landmarker,
    "landmarks": lambda weights: load_landmarker(weights=weights),
    "matte": lambda weights: load_matte(weights),
    "mouth_patches": load_patch_landmarker,
    "shape": lambda weights: load_shape_model(weights=weights),
    "sparse_to_dense": lambda weights: find_model("sparse_to_dense", device="cpu", weights=weights),
}
"""By the weight's name, which is its file's: how a run opens it."""


def portrait(size: int) -> Array:
    """The example portrait's head, (S, S, 3) uint8 RGB."""
    pixels = cv2.imread(str(ROOT / "examples/portrait.png"), cv2.IMREAD_COLOR)
    head = pixels[HEAD_Y : HEAD_Y + HEAD_PX, HEAD_X : HEAD_X + HEAD_PX]
    return _square(head[..., ::-1], size)


def driver_frames(size: int) -> list[Array]:
    """`FRAMES` of the example driver."""
    with av.open(str(ROOT / "examples/driver.mp4")) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [_square(decoded[index], size) for index in FRAMES]


def _square(pixels: Array, size: int) -> Array:
    resized = cv2.resize(np.ascontiguousarray(pixels), (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(resized)


def landmark_answers() -> dict[str, Array]:
    """Portrait first, then the driver's frames: points (N, 74, 2) in squares of 128, confidence."""
    squares = np.stack([portrait(SEEN), *driver_frames(SEEN)])
    points, confidence = load_landmarker()(squares)
    return {"points": points, "confidence": confidence}


def _face() -> Tensor:
    """(1, 3, 256, 256) in [0, 1]"""
    return torch.from_numpy(portrait(FACE_SIZE)).permute(2, 0, 1)[None].float() / 255


def _known_points() -> Tensor:
    """The recorded landmarks in pixels of a face square: (N, 74, 2)."""
    points = torch.from_numpy(read_arrays(LANDMARKS)["points"].astype(np.float32))
    return (points + 0.5) * (FACE_SIZE / SEEN) - 0.5


def matte_answer() -> dict[str, Array]:
    with torch.inference_mode():
        matte = load_matte()(_face(), _known_points()[:1])
    return sampled(matte.numpy())


def model_answers(name: str) -> dict[str, Array]:
    """Motion taken over and drawn: what a run does with `CASES`."""
    model = find_model(name, device="cpu")
    points = _known_points()
    count = len(FRAMES) - 1
    swings = torch.sin(torch.arange(count * BODY * 2.0)).reshape(count, BODY, 2) * 0.05
    with torch.inference_mode():
        found: dict[str, Array] = {}
        for case, (motion, body, beyond) in CASES.items():
            source = model.encode_source(_face(), points[:1], beyond)
            start = torch.cat((points[1:2], torch.zeros(1, body, 2)), dim=1)
            seen = torch.cat((points[2:], swings[:, :body]), dim=1)
            anchor, driver = model.encode_driver(None, start), model.encode_driver(None, seen)
            moved = model.retarget(source, driver, anchor, MotionOptions(motion=motion))
            drawn, _ = model.render(source, moved)
            pictures = {"face": drawn.face, "mask": drawn.refine_mask}
            if drawn.grid is not None:
                pictures["grid"] = drawn.grid.permute(0, 3, 1, 2)
            found[f"{case}: codes"] = moved.numpy()
            for what, picture in pictures.items():
                if picture is not None:
                    parts = sampled(picture.numpy())
                    found |= {f"{case}: {what} {part}": a for part, a in parts.items()}
    return found


def open_weights(file: Path) -> object:
    """A weight file's network, as a run opens it."""
    return LOADERS[file.stem](str(file))
