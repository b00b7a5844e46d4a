"""Runs: neighbouring frames in their order, nothing kept between them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from animate_cli.faces.crop import landmark_square
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.media.container.kind import Kind, kind_of
from animate_cli.train.samples.augment import AugmentConfig
from animate_cli.train.samples.frame_runs import jittered_square, read_runs
from animate_cli.train.samples.samples import TrainingClip

av = pytest.importorskip("av")
FRAMES = 23


@pytest.fixture
def rows(tmp_path: Path) -> list[TrainingClip]:
    """A clip whose frame i is grey 10 i, its face drifting by a pixel a frame; and a picture."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for i in range(FRAMES):
            pixels = np.full((64, 64, 3), 10 * i, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    labels = np.zeros((FRAMES, 478, 2), np.float16)
    labels[:, MEDIAPIPE] = np.random.default_rng(0).uniform(20, 40, (74, 2))
    labels[..., 0] += np.arange(FRAMES)[:, None]
    np.savez(path.with_suffix(".npz"), landmarks=labels)
    assert kind_of(path) is Kind.VIDEO
    picture = TrainingClip(path=tmp_path / "none.jpg", kind="image", identity="b")
    return [TrainingClip(path=path, kind="clip", identity="a"), picture]


def greys(run) -> list[int]:
    squares = run.squares(landmark_square(run.points, 16))
    assert squares.shape == (3, 16, 16, 3)
    return [round(float(square.mean()) / 10) for square in squares]


def test_runs_are_neighbours_and_start_every_so_many_frames(rows):
    runs = list(read_runs(rows, length=3, every=10))
    assert [greys(run) for run in runs] == [[0, 1, 2], [10, 11, 12], [20, 21, 22]]
    assert {run.identity for run in runs} == {"a"}


def test_an_incomplete_run_at_the_end_is_left_out(rows):
    assert [greys(run) for run in read_runs(rows, length=3, every=11)] == [[0, 1, 2], [11, 12, 13]]


def test_a_run_knows_where_the_face_is_in_its_first_frame(rows):
    first, second, _ = read_runs(rows, length=3, every=10)
    np.testing.assert_allclose(second.points - first.points, [[10, 0]] * 74, atol=0.06)


def test_only_what_is_asked_for_is_held(rows):
    run = next(read_runs(rows, length=3, every=10))
    assert len(run.jpegs) == 3
    assert cv2.imdecode(run.jpegs[0], cv2.IMREAD_COLOR).shape == (64, 64, 3)


def test_the_square_strays_no_further_than_told(rows):
    run = next(read_runs(rows, length=3, every=10))
    exact = landmark_square(run.points, 16).crop_to_frame
    rng = np.random.default_rng(0)
    still = AugmentConfig(shift=0, zoom=0, roll_deg=0)
    np.testing.assert_allclose(jittered_square(run, 16, still, rng).crop_to_frame, exact)
    some = AugmentConfig(shift=0.1, zoom=0.2, roll_deg=20)
    middle = np.array([7.5, 7.5, 1])
    for _ in range(50):
        moved = jittered_square(run, 16, some, rng).crop_to_frame
        assert np.abs((moved - exact) @ middle).max() <= 0.05 * 16 * exact[0, 0] + 1e-9
        assert np.exp(-0.1) <= np.hypot(*moved[:, 0]) / exact[0, 0] <= np.exp(0.1)
        assert abs(np.degrees(np.arctan2(moved[1, 0], moved[0, 0]))) <= 10
