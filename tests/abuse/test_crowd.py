"""A hundred faces in one picture, with the real networks."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from places import EXAMPLES

from animate_cli import Animator, ComputeOptions, FaceOptions, Options


@pytest.mark.slow
def test_a_hundred_faces(tmp_path: Path) -> None:
    portrait = cv2.imread(str(EXAMPLES / "portrait.png"))
    face = cv2.resize(portrait[:300, 80:380], (128, 128), interpolation=cv2.INTER_AREA)
    crowd = tmp_path / "crowd.png"
    cv2.imwrite(str(crowd), np.tile(face, (10, 10, 1)))
    options = Options(compute=ComputeOptions(threads=1), faces=FaceOptions(face="37"))
    begun = time.monotonic()
    Animator(options).write_faces(crowd, tmp_path / "faces.png")
    report = Animator(options).animate(crowd, EXAMPLES / "portrait.png", tmp_path / "out.png")
    seconds = time.monotonic() - begun
    print(f"a hundred faces, twice: {seconds:.1f} s")
    assert report.frames == 1
    assert seconds < 120
