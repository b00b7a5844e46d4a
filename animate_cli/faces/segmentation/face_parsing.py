"""Face parsing: label each pixel of a picture with a part of the face.

The labels are the 19 classes of CelebAMask-HQ, uint8 (H, W). The network is a third party's, an
ONNX file that OpenCV runs; it takes about 0.2 s per frame.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.digest import sha256_of
from animate_cli.errors import WeightsError
from animate_cli.records import Image

Labels = NDArray[np.uint8]

CLASSES = 19
SIZE = 448  # pixels of the network's input; at 256 it confuses left and right eyes
HINT = "give a network in ONNX with the 19 classes of CelebAMask-HQ"


class Parser:
    """A face parsing network.

    name: identifies the maps it makes, by the file's hash and the size.
    """

    def __init__(self, path: Path, *, size: int = SIZE) -> None:
        """size: pixels of the side of the network's input; 256 is three times as fast, and enough
        to separate a person from the background.

        Raises:
            WeightsError: the file does not exist, or is no network in ONNX.
        """
        if not path.is_file():
            raise WeightsError(f"{path} does not exist", hint=HINT)
        try:
            self._network = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise WeightsError(f"{path}: cannot be read as ONNX ({error.err})", hint=HINT) from None
        self._path, self._size = path, size
        self.name = f"{sha256_of(path)[:16]} {size}"

    def __call__(self, frame: Image) -> Labels:
        """frame (H, W, 3) -> labels (H, W) in 0 ... 18.

        Raises:
            WeightsError: the network does not give 19 classes.
        """
        height, width = frame.shape[:2]
        extent = self._size, self._size
        method = cv2.INTER_AREA if min(height, width) > self._size else cv2.INTER_LINEAR
        square = cv2.resize(frame, extent, interpolation=method)
        self._network.setInput(cv2.dnn.blobFromImage(square, 1 / 128, mean=(128, 128, 128)))
        logits = self._network.forward()
        if logits.ndim != 4 or logits.shape[1] != CLASSES:
            raise WeightsError(f"{self._path} gives maps {logits.shape}", hint=HINT)
        labels = logits[0].argmax(axis=0).astype(np.uint8)
        whole = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(whole, np.uint8)
