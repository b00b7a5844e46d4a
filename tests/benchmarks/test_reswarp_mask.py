"""Bar: on HD originals the refine mask M makes ResWarp better at mouth and eyes; and pictures.

Each original's first frame is the source, the film itself the driver. The same rendered faces are
brought to full resolution three ways: by the vanilla form of Yi et al. (M = 0), multi-scale as in
their fig. 3 (M = 0), and with the mask. Set RESWARP_PICTURES to a folder to look at them.
"""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from animate_cli import Animator, MotionOptions, Options
from animate_cli.faces.crop import cut, points_box
from animate_cli.media.images.image import write_image
from animate_cli.media.reader import open_driver
from animate_cli.models.sparse_to_dense.model import LEFT_EYE, MOUTH, RIGHT_EYE
from animate_cli.options import Motion, ReadOptions, ResWarp
from animate_cli.stages.scene import render
from animate_cli.upscale.residual_warp import ResidualWarper

LEAST_SIDE = 400  # of the face square: below, there is little to bring back
FRAMES, STRIDE = 150, 15
WAYS = ("vanilla", "multiscale", "mask")
PARTS = {"mouth": MOUTH, "eyes": LEFT_EYE + RIGHT_EYE}


def staged(film: Path):
    """A film's first frame as source of the film itself: scene, trajectory, and the frames."""
    with open_driver(film, ReadOptions()) as reader:
        frames = [frame.pixels for frame in islice(reader, FRAMES)]
    options = Options(
        read=ReadOptions(duration_s=5),
        motion=MotionOptions(model="sparse_to_dense", motion=Motion.ABSOLUTE, anchor="first"),
    )
    animator = Animator(options)
    prepared = animator.prepare_source(frames[0])
    return animator.open_scene(prepared, animator.prepare_driver(film)), frames


def drawn(scene, frames):
    """Every STRIDE-th frame of the face square: truth, and the three ways; (N, N, 3) uint8."""
    square = scene.canvas.square
    vanilla, multiscale = (
        ResidualWarper(square, scene.model.face_size, way)
        for way in (ResWarp.VANILLA, ResWarp.MULTISCALE)
    )
    index = 0
    for batch in render(scene):
        for k in range(len(batch.face)):
            if index % STRIDE == 0 and 0 < index < len(frames):
                bare = replace(batch, refine_mask=None)
                ways = (vanilla.apply(bare, k), multiscale.apply(bare, k), vanilla.apply(batch, k))
                yield index, cut(frames[index], scene.canvas.crop), ways
            index += 1


def apart(picture, truth, box):
    x0, y0, x1, y1 = (max(round(edge), 0) for edge in box)
    return float(np.abs(picture[y0:y1, x0:x1].astype(int) - truth[y0:y1, x0:x1]).mean())


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_mask_helps_at_mouth_and_eyes(data):
    rows: dict[str, list[list[float]]] = {part: [] for part in PARTS}
    for film in sorted((data / "originals").glob("*.mp4")):
        with open_driver(film, ReadOptions()) as reader:
            if min(reader.info.width, reader.info.height) < 700:
                continue
        done, frames = staged(film)
        scene, trajectory = done.scene, done.driver.trajectory
        if scene.canvas.crop.size < LEAST_SIDE:
            continue
        corner = scene.canvas.crop.crop_to_frame[:, 2]
        for index, truth, ways in drawn(scene, frames):
            points = trajectory.landmarks[index] - corner
            for part, landmarks in PARTS.items():
                box = points_box(points[list(landmarks)])
                rows[part].append([apart(way, truth, box) for way in ways])
            show(film.stem, index, (scene.canvas.square, truth, *ways), points_box(points))
        print(film.name[:36], {part: np.mean(rows[part], axis=0).round(2) for part in PARTS})
    assert rows["mouth"]
    for part, values in rows.items():
        vanilla, multiscale, mask = np.mean(values, axis=0)
        print(f"{part}: L1 vanilla {vanilla:.3f}, multiscale {multiscale:.3f}, mask {mask:.3f}")
        assert mask < vanilla


def show(name, index, pictures, box):
    """Source, truth and the three ways, cut to the face, side by side."""
    folder = os.environ.get("RESWARP_PICTURES")
    if folder:
        x0, y0, x1, y1 = (max(round(edge), 0) for edge in box)
        faces = [cv2.resize(picture[y0:y1, x0:x1], (384, 384)) for picture in pictures]
        write_image(Path(folder) / f"{name[:24]}-{index:03d}.png", np.hstack(faces), overwrite=True)
