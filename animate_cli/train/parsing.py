"""A parser names the parts of the faces in clips, for the parsing prior of Zhao et al. 2021, eq. 7.

It is a network in ONNX with the classes of `parts`, read by OpenCV: some 0.2 s for a frame. Clips
are parsed once, and their maps kept in a folder, each file named by its frames and the parser.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.records import Image
from animate_cli.train.checkpoint import saving
from animate_cli.train.pairs import ClipFrames
from animate_cli.train.parts import CLASSES, Labels

SIZE = 448  # pixels of the square that the parser sees; at 256 it confuses left and right eyes
HINT = "give a network with the 19 classes of CelebAMask-HQ as loss.parser"


class Parser:
    """A network that names the part of a face that every pixel shows."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            WeightsError: there is no such file, or it is no network in ONNX.
        """
        if not path.is_file():
            raise WeightsError(f"{path} does not exist", hint=HINT)
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise WeightsError(f"{path}: cannot be read as ONNX ({error.err})", hint=HINT) from None
        self._path = path
        self.name = f"{hub.sha256_of(path)[:16]} {SIZE}"  # other maps by another name

    def __call__(self, frame: Image) -> Labels:
        """frame (H, W, 3) -> labels (H, W) in 0 ... 18.

        Raises:
            WeightsError: the network gives something else.
        """
        height, width = frame.shape[:2]
        method = cv2.INTER_AREA if min(height, width) > SIZE else cv2.INTER_LINEAR
        square = cv2.resize(frame, (SIZE, SIZE), interpolation=method)
        self._network.setInput(cv2.dnn.blobFromImage(square, 1 / 128, mean=(128, 128, 128)))
        logits = self._network.forward()
        if logits.ndim != 4 or logits.shape[1] != CLASSES:
            raise WeightsError(f"{self._path} gives maps {logits.shape}", hint=HINT)
        labels = logits[0].argmax(axis=0).astype(np.uint8)
        whole = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(whole, np.uint8)


def with_parts(clip: ClipFrames, parser: Parser, folder: Path) -> ClipFrames:
    """The clip with a map for every frame, from the folder, else parsed and put there.

    Raises:
        WeightsError: as `Parser`.
        TrainError: the disk is full or cannot be written.
    """
    shown = hashlib.sha256(parser.name.encode())
    for jpeg in clip.jpegs:
        shown.update(jpeg.tobytes())
    path = folder / f"{shown.hexdigest()[:24]}.npz"
    if not path.is_file():
        maps = np.stack([parser(clip.pixels(index)) for index in range(len(clip.jpegs))])
        with saving(path):
            folder.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(path.name + ".part")
            with beside.open("wb") as file:
                np.savez_compressed(file, parts=maps)
            beside.replace(path)
    with np.load(path, allow_pickle=False) as kept:
        return replace(clip, parts=tuple(cv2.imencode(".png", one)[1] for one in kept["parts"]))
