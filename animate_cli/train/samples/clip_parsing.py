"""Part maps of clips by a face parser, for the parsing loss of Zhao et al. 2021, eq. 7.

A clip is parsed once; a folder keeps its maps, in a file named by its frames and the parser.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from animate_cli.faces.segmentation.face_parsing import Parser
from animate_cli.train.samples.pairs import ClipFrames
from animate_cli.train.saving import saving


def with_parts(clip: ClipFrames, parser: Parser, folder: Path) -> ClipFrames:
    """The clip with a part map for every frame, from the folder, or parsed and saved there.

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
