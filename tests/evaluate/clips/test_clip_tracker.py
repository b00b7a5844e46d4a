"""Clips are tracked once, as far as they are asked for, and the last ones stay in memory."""

from __future__ import annotations

import numpy as np
import pytest
from toy_world import ToyWorld

from animate_cli.errors import FaceError
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.clips.pair_driver import pair_driver, used_part
from animate_cli.evaluate.protocol import Protocol
from animate_cli.options import ComputeOptions, Registration
from animate_cli.pipeline import Animator

COMPUTE = ComputeOptions(device="cpu", threads=1)


def test_a_clip_is_tracked_once_for_each_count_and_registration(toy: ToyWorld) -> None:
    path, tracker = toy.driver("a.mp4", frames=9), ClipTracker(COMPUTE)
    whole = tracker.track(path)
    assert tracker.track(path) is whole
    assert len(whole.trajectory) == 9
    assert len(tracker.track(path, 4).trajectory) == 4
    assert len(tracker.track(path, 20).trajectory) == 9
    assert tracker.track(path, registration=Registration.OFF) is not whole


def test_it_is_the_animators_tracking(toy: ToyWorld) -> None:
    path = toy.driver("a.mp4", frames=6)
    expected, found = Animator().track(path), ClipTracker(COMPUTE).track(path).trajectory
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)
    assert (found.times_s, found.sha256) == (expected.times_s, expected.sha256)


def test_the_clips_used_last_stay_in_memory(toy: ToyWorld) -> None:
    paths = [toy.driver(f"{k}.mp4", frames=4) for k in range(3)]
    tracker = ClipTracker(COMPUTE, most_frames=8)
    first, second, third = (tracker.track(path) for path in paths)
    assert tracker.track(paths[1]) is second
    assert tracker.track(paths[2]) is third
    assert tracker.track(paths[0]) is not first


def test_a_clip_without_a_face_is_refused(toy: ToyWorld) -> None:
    path = toy.driver("empty.mp4", frames=3, without_face=range(3))
    with pytest.raises(FaceError):
        ClipTracker(COMPUTE).track(path)


@pytest.mark.parametrize(("start", "cap", "length"), [(0, 0, 9), (0, 4, 4), (3, 0, 6), (3, 4, 4)])
def test_a_pair_uses_its_driver_from_the_start_frame_to_the_cap(
    toy: ToyWorld, start: int, cap: int, length: int
) -> None:
    path, tracker = toy.driver("a.mp4", frames=9), ClipTracker(COMPUTE)
    pair, protocol = ClipPair(source=path, driver=path, driver_start=start), Protocol(cap=cap)
    part = used_part(pair_driver(tracker, pair, protocol, 1), pair, protocol)
    whole = tracker.track(path).trajectory
    assert len(part.trajectory) == length
    assert part.start_s == whole.times_s[start]
    if start:
        expected = whole.landmarks[start : start + length]
        np.testing.assert_array_equal(part.trajectory.landmarks, expected)
