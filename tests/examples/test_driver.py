"""The example driver is what its README says, and its truth is true of its pixels."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from places import EXAMPLES

from animate_cli.faces.points import INNER_LIPS, JAW, PUPILS
from animate_cli.train.synthetic.speech import Speech
from animate_cli.train.synthetic.talking_head import Glance, HeadPerformance, Key, lids, poses

DRIVER = EXAMPLES / "driver.mp4"
FRAMES, SIZE, RATE = 200, 512, 25


@pytest.fixture(scope="module")
def truth() -> Mapping[str, NDArray[np.float32]]:
    with np.load(EXAMPLES / "driver_truth.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def grey() -> list[NDArray[np.uint8]]:
    with av.open(str(DRIVER)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_files_are_small() -> None:
    assert DRIVER.stat().st_size <= 2_000_000
    assert (EXAMPLES / "driver_truth.npz").stat().st_size <= 300_000


def test_driver_has_picture_and_sound() -> None:
    with av.open(str(DRIVER)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.frames) == (SIZE, SIZE, FRAMES)
        assert video.average_rate == RATE
        assert audio.codec_context.name == "aac"
        loud = [np.abs(frame.to_ndarray()).max() for frame in container.decode(audio)]
        assert abs(Fraction(container.duration or 0, av.time_base) - 8) < Fraction(1, RATE)
    assert max(loud) > 0.1


def test_truth_has_the_promised_shapes(truth: Mapping[str, NDArray[np.float32]]) -> None:
    assert truth["landmarks"].shape == (FRAMES, 74, 2)
    assert truth["pose_deg"].shape == (FRAMES, 3)
    assert truth["gaze_deg"].shape == (FRAMES, 2)
    assert truth["lids_closed"].shape == (FRAMES,)
    assert all(np.isfinite(values).all() for values in truth.values())
    assert truth["landmarks"].min() > 0
    assert truth["landmarks"].max() < SIZE - 1


def test_truth_turns_as_far_as_promised(truth: Mapping[str, NDArray[np.float32]]) -> None:
    yaw, pitch, roll = truth["pose_deg"].T
    assert yaw.min() < -22 < 22 < yaw.max()
    assert pitch.min() < -10 < 10 < pitch.max()
    assert roll.min() < -10 < 10 < roll.max()


def test_pupils_of_open_eyes_are_dark(
    truth: Mapping[str, NDArray[np.float32]], grey: list[NDArray[np.uint8]]
) -> None:
    assert len(grey) == FRAMES
    tested = 0
    for index in np.flatnonzero(truth["lids_closed"] == 0):
        points = truth["landmarks"][index]
        for pupil, upper in zip(PUPILS, (68, 70), strict=True):
            x, y = points[pupil].round().astype(int)
            if y - points[upper, 1] < 5:
                continue  # the lid may cover it
            eye = grey[index][y - 3 : y + 4, x - 12 : x + 13]
            dark = np.median(grey[index][y - 1 : y + 2, x - 1 : x + 2])
            assert dark < 0.5 * np.percentile(eye, 80), index
            tested += 1
    assert tested > FRAMES / 2


def test_chin_stands_where_the_jaw_ends(
    truth: Mapping[str, NDArray[np.float32]], grey: list[NDArray[np.uint8]]
) -> None:
    """Under the chin lies its own shadow."""
    x, y = truth["landmarks"][0, JAW[8]].round().astype(int)
    assert grey[0][y + 8 : y + 14, x].mean() < 0.85 * grey[0][y - 20 : y - 10, x].mean()


def test_lips_move_with_the_sound(truth: Mapping[str, NDArray[np.float32]]) -> None:
    inner = truth["landmarks"][:, list(INNER_LIPS)]
    gap = np.linalg.norm(inner[:, 6] - inner[:, 2], axis=1)
    with av.open(str(DRIVER)) as container:
        sound = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        samples = np.concatenate(sound)
        per_frame = container.streams.audio[0].rate // RATE
    loud = np.abs(samples[: per_frame * FRAMES]).reshape(FRAMES, per_frame).max(axis=1)
    silent = loud < 0.01
    silent[1:-1] &= silent[:-2] & silent[2:]
    assert silent.sum() > 15
    assert gap[silent].mean() < 0.3 * gap[loud > 0.2].mean()


def test_performance_file_is_what_was_filmed(truth: Mapping[str, NDArray[np.float32]]) -> None:
    play = tomllib.loads((EXAMPLES / "driver.toml").read_text(encoding="utf-8"))
    silence = Speech(samples=np.zeros(1, np.int16), rate=22050, phonemes=())
    performance = HeadPerformance(
        speech=silence,
        speech_start_s=play["speech_start_s"],
        keys=tuple(Key(*row) for row in play["keys"]),
        glances=tuple(Glance(*row) for row in play["glances"]),
        blinks_s=tuple(play["blinks_s"]),
    )
    times_s = (np.arange(FRAMES) / RATE).astype(np.float32)
    head_poses = poses(performance, times_s)
    turned = [(s.yaw_deg, s.pitch_deg, s.roll_deg) for s in head_poses]
    looked = [(s.gaze_yaw_deg, s.gaze_pitch_deg) for s in head_poses]
    np.testing.assert_allclose(turned, truth["pose_deg"], atol=1e-3)
    np.testing.assert_allclose(looked, truth["gaze_deg"], atol=1e-3)
    np.testing.assert_allclose(lids(performance, times_s), truth["lids_closed"], atol=1e-5)
