"""Pictures of a toy head, and of the scanned one where it is beside the checkout."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from places import SHARED
from toy_head import write_toy_head

from animate_cli.options import OutputOptions
from animate_cli.train.synthetic import ict_head
from animate_cli.train.synthetic.ict_head import Camera, IctPose
from animate_cli.train.synthetic.render import HeadRenderer
from animate_cli.train.synthetic.speech import Phoneme, Speech
from animate_cli.train.synthetic.talking_head import Glance, HeadPerformance, Key
from animate_cli.train.synthetic.video import render_video

ARCHIVE = SHARED / "data" / "ict_face.npz"
CAMERA = Camera(size=160, focal_px=450, distance=100)
STILL = np.zeros(53, np.float32)


@pytest.fixture(scope="module", params=["toy", "scanned"])
def renderer(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> HeadRenderer:
    path = ARCHIVE
    if request.param == "toy":
        path = write_toy_head(tmp_path_factory.mktemp("head") / "head.npz")
    elif not path.exists():
        pytest.skip("the ICT Face Model is not beside this checkout")
    return HeadRenderer(ict_head.load(path), np.zeros(60, np.float32), oversample=1)


def test_pictures_are_reproducible(renderer: HeadRenderer) -> None:
    head_pose = IctPose(yaw_deg=10)
    one, two = (renderer.draw(STILL, head_pose, CAMERA) for _ in range(2))
    assert one.shape == (160, 160, 3)
    assert one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)


def test_pupils_are_the_darkest_of_the_eyes(renderer: HeadRenderer) -> None:
    head_pose = IctPose(yaw_deg=-12, roll_deg=6, gaze_yaw_deg=10)
    picture = renderer.draw(STILL, head_pose, CAMERA).mean(axis=2)
    for x, y in renderer.points(STILL, head_pose, CAMERA)[[72, 73]].round().astype(int):
        assert picture[y, x] < 0.5 * picture[y, x - 5 : x + 6].max()


def test_points_scale_with_the_picture(renderer: HeadRenderer) -> None:
    double = Camera(size=320, focal_px=900, distance=100)
    small = renderer.points(STILL, IctPose(pitch_deg=8), CAMERA)
    large = renderer.points(STILL, IctPose(pitch_deg=8), double)
    np.testing.assert_allclose(large, 2 * small + 0.5, atol=1e-3)


def test_a_film_has_its_frames_sound_and_truth(renderer: HeadRenderer, tmp_path: Path) -> None:
    voice = (3000 * np.sin(np.arange(2205) / 10)).astype(np.int16)
    play = HeadPerformance(
        speech=Speech(samples=voice, rate=22050, phonemes=(Phoneme("a", 0.0),)),
        speech_start_s=0.04,
        keys=(Key(0), Key(1, yaw=30)),
        glances=(Glance(0, 0, 0),),
        blinks_s=(),
    )
    path = tmp_path / "film.mp4"
    output = OutputOptions(preset="ultrafast")
    render_video(renderer, play, CAMERA, path, frames=3, rate=Fraction(10), output=output)
    with av.open(str(path)) as container:
        assert container.streams.audio
        assert len(list(container.decode(video=0))) == 3
    with np.load(tmp_path / "film_truth.npz", allow_pickle=False) as truth:
        assert truth["landmarks"].shape == (3, 74, 2)
        assert (np.diff(truth["pose_deg"][:, 0]) > 0).all()
