"""Slopes of motions: what a mean point error cannot see."""

from __future__ import annotations

import numpy as np
import pytest

from animate_cli.evaluate.landmark_benchmark.motion_slopes import READINGS, motion_slopes
from animate_cli.records import Points

FRAMES = 40


@pytest.fixture
def clip() -> Points:
    """A face (T, 74, 2) that looks about, blinks, and opens its mouth."""
    rng = np.random.default_rng(0)
    face = rng.uniform(40, 160, (74, 2))
    face[[36, 39, 42, 45]] = (50, 80), (80, 80), (120, 80), (150, 80)
    face[[48, 54, 51, 62, 57]] = (80, 130), (120, 130), (100, 124), (100, 130), (100, 140)
    points = np.repeat(face[None], FRAMES, axis=0)
    t = np.arange(FRAMES)
    for pupil, middle in ((72, 65), (73, 135)):
        points[:, pupil] = np.stack((middle + 6 * np.sin(t), 80 + 3 * np.cos(2 * t)), axis=1)
    for upper, lower, x in ((68, 69, 65), (70, 71, 135)):
        points[:, upper] = np.stack((np.full(FRAMES, x), 76 - 3 * np.sin(t / 3)), axis=1)
        points[:, lower] = x, 83
    gap = 30 * (1 + np.sin(t / 2)) / 2
    points[:, 66] = np.stack((np.full(FRAMES, 100.0), 130 + gap), axis=1)
    points[:, 57, 1] += gap
    points[:, 48, 0] -= gap / 6
    points[:, 17:27, 1] = 60 + 4 * np.sin(t / 4)[:, None]
    points[:, 51, 1] -= gap / 9
    points[:, 66, 1] -= 2 * np.sin(t / 5)
    return points.astype(np.float32)


def turned(points: Points, scale: float) -> Points:
    angle = np.deg2rad(30)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ turn.T + (40, -7)).astype(np.float32)


def test_what_is_seen_in_full_has_slope_one(clip: Points) -> None:
    for name, score in motion_slopes([clip], [clip]).items():
        assert score.slope == pytest.approx(1, abs=1e-6), name
        assert score.correlation == pytest.approx(1, abs=1e-6), name
        assert score.error == 0


def test_readings_know_neither_place_nor_size_nor_roll(clip: Points) -> None:
    for name, reading in READINGS.items():
        np.testing.assert_allclose(
            reading(turned(clip, 1.7)), reading(clip), atol=2e-5, err_msg=name
        )


def test_a_pupil_in_the_middle_of_the_eye_has_slope_nought(clip: Points) -> None:
    found = clip.copy()
    found[:, [72, 73]] = clip[:, [72, 73]].mean(axis=0)
    scores = motion_slopes([found], [clip])
    assert scores["gaze x"].slope == pytest.approx(0, abs=1e-5)
    assert scores["right lid"].slope == pytest.approx(1, abs=1e-6)


def test_a_mouth_read_as_half_open_is_in_slope_and_bins(clip: Points) -> None:
    found = clip.copy()
    found[:, 66] = (clip[:, 62] + clip[:, 66]) / 2
    gap = motion_slopes([found, found], [clip, clip])["mouth gap"]
    assert gap.slope == pytest.approx(0.5, abs=1e-4)
    assert gap.frames == 2 * FRAMES
    assert [b.ratio for b in gap.bins] == pytest.approx([0.5] * len(gap.bins), abs=1e-4)
    assert gap.bins


def test_slopes_are_within_clips(clip: Points) -> None:
    """Two people whose mouths differ at rest: a detector that sees only the difference sees no
    motion."""
    wide = clip.copy()
    wide[:, 66, 1] += 20
    still = [np.repeat(c.mean(axis=0)[None], FRAMES, axis=0) for c in (clip, wide)]
    assert motion_slopes(still, [clip, wide])["mouth gap"].slope == pytest.approx(0, abs=1e-6)


def test_frames_without_labels_are_left_out(clip: Points) -> None:
    labels = clip.copy()
    labels[3:6] = np.nan
    score = motion_slopes([clip], [labels])["gaze x"]
    assert score.frames == FRAMES - 3
    assert score.slope == pytest.approx(1)
    assert motion_slopes([clip[:3]], [np.full_like(clip[:3], np.nan)])["brows"].frames == 0
