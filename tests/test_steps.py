"""The steps of `Animator` by themselves: in a row they are `animate`, from files or from memory."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from toy_world import PLAIN, ToyLandmarker, ToyWorld, toy_frame

from animate_cli import Animator, Options, OutputOptions, ReadOptions
from animate_cli.errors import MediaError, OptionError
from animate_cli.media.reader import open_driver
from animate_cli.models.find import find_model
from animate_cli.options import ComputeOptions, Engine, MotionOptions
from animate_cli.records import InputFrames, Kind, TrackedDriver
from animate_cli.report import Progress, Step, Watch
from animate_cli.stages.networks import Networks


def pixels_of(path: Path) -> np.ndarray:
    with open_driver(path, ReadOptions()) as reader:
        return np.stack([frame.pixels for frame in reader])


def test_the_steps_in_a_row_give_the_frames_of_a_run(toy: ToyWorld) -> None:
    animator, photo, driver = Animator(PLAIN), toy.photo(), toy.driver(frames=4)
    expected = list(animator.frames(photo, driver))
    source = animator.prepare_source(photo)
    tracked = animator.prepare_driver(driver)
    with animator.open_scene(source, tracked) as scene:
        found = list(scene)
    assert len(scene) == len(found) == 4
    for one, other in zip(found, expected, strict=True):
        assert (one.index, one.time_s) == (other.index, other.time_s)
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_pictures_and_frames_in_memory_are_as_good_as_files(toy: ToyWorld) -> None:
    animator, photo, driver = Animator(PLAIN), toy.photo(), toy.driver(frames=4)
    expected = [frame.pixels for frame in animator.frames(photo, driver)]
    picture, frames = pixels_of(photo)[0], pixels_of(driver)
    found = [frame.pixels for frame in animator.frames(picture, frames)]
    np.testing.assert_array_equal(found, expected)
    report = animator.animate(picture, InputFrames(pixels=frames, rate=Fraction(10), name="me"))
    assert (report.output, report.frames, report.rate) == (Path("picture--me.mp4"), 4, 10)


def test_one_picture_in_memory_drives_like_a_still(toy: ToyWorld) -> None:
    still = Animator(PLAIN).prepare_driver(toy_frame(96, 64))
    assert (still.kind, len(still.trajectory)) == (Kind.IMAGE, 1)
    report = Animator(PLAIN).animate(toy.photo(), still)
    assert report.output == Path("photo--frames.png")


def test_frames_in_memory_are_trimmed_as_files_are(toy: ToyWorld) -> None:
    read = ReadOptions(start_s=Fraction(1, 25), duration_s=Fraction(2, 25))
    animator, driver = Animator(replace(PLAIN, read=read)), toy.driver(frames=5)
    of_file = animator.prepare_driver(driver).trajectory
    of_memory = animator.prepare_driver(pixels_of(driver)).trajectory
    assert of_memory.times_s == of_file.times_s == (0, Fraction(1, 25))
    np.testing.assert_array_equal(of_memory.landmarks, of_file.landmarks)


@pytest.mark.parametrize(
    "array", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32), np.zeros((0, 8, 3))]
)
def test_arrays_that_are_no_pictures_are_refused(toy: ToyWorld, array: np.ndarray) -> None:
    with pytest.raises(MediaError, match=r"is not .* of uint8"):
        Animator(PLAIN).prepare_source(array)
    with pytest.raises(MediaError, match=r"is not frames .* of uint8"):
        Animator(PLAIN).prepare_driver(array)


def test_a_transparent_picture_in_memory_lies_on_the_background(toy: ToyWorld) -> None:
    picture = np.dstack((toy_frame(96, 64), np.full((64, 96), 255, np.uint8)))
    picture[:5, :, 3] = 0
    options = replace(PLAIN, output=OutputOptions(background="#00ff00"))
    photo = Animator(options).prepare_source(picture).photo
    assert photo.alpha is None
    assert (photo.pixels[:5] == (0, 255, 0)).all()
    assert len(photo.sha256) == 64


def test_a_known_face_is_not_looked_for(toy: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    face = Animator(PLAIN).prepare_source(toy.photo()).landmarks + 1
    monkeypatch.setattr(ToyLandmarker, "__call__", None)
    prepared = Animator(PLAIN).prepare_source(toy.photo(), face=face)
    np.testing.assert_array_equal(prepared.landmarks, face)
    assert Animator(PLAIN).prepare_source(prepared) is prepared


def test_a_tracked_driver_serves_every_photo_and_option(
    toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked = Animator(PLAIN).prepare_driver(toy.driver(frames=3))
    face = Animator(PLAIN).prepare_source(toy.photo()).landmarks
    expected = [frame.pixels for frame in Animator(PLAIN).frames(toy.photo(), tracked)]
    monkeypatch.setattr(ToyLandmarker, "__call__", None)
    still = replace(PLAIN, motion=replace(PLAIN.motion, strength=0.0))
    source = Animator(still).prepare_source(toy.photo(), face=face)
    first, *_, last = (frame.pixels for frame in Animator(still).frames(source, tracked))
    np.testing.assert_array_equal(first, last)
    again = [frame.pixels for frame in Animator(PLAIN).frames(source, tracked.trajectory)]
    np.testing.assert_array_equal(again, expected)


def test_a_trajectory_has_no_pictures_to_show(toy: ToyWorld) -> None:
    trajectory = Animator(PLAIN).track(toy.driver(frames=2))
    options = replace(PLAIN, output=OutputOptions(side_by_side=True))
    with pytest.raises(OptionError, match="no pictures"):
        Animator(options).animate(toy.photo(), trajectory)


def test_leaving_the_scene_stops_its_threads(toy: ToyWorld) -> None:
    import threading

    animator = Animator(PLAIN)
    source, driver = animator.prepare_source(toy.photo()), toy.driver(frames=60)
    with animator.open_scene(source, animator.prepare_driver(driver)) as scene:
        frames = iter(scene)
        next(frames)
        assert any(thread.name == "animate-stage" for thread in threading.enumerate())
    assert not any(thread.name == "animate-stage" for thread in threading.enumerate())


class CountedNetworks(Networks):
    """Networks that note on which device they are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.devices: list[str] = []

    def landmarker(self, device: str) -> ToyLandmarker:
        self.devices.append(device)
        return ToyLandmarker()

    def model(self, motion: MotionOptions, device: str, engine: Engine) -> object:
        self.devices.append(device)
        return find_model("thin_plate", device="cpu")


def test_networks_can_be_given_and_the_device_is_what_a_step_is_told(toy: ToyWorld) -> None:
    networks = CountedNetworks()
    animator = Animator(Options(compute=ComputeOptions(threads=1)), networks=networks)
    source = animator.prepare_source(toy.photo(), device="cpu")
    driver = animator.prepare_driver(toy.driver(frames=2), device="cpu")
    scene = animator.open_scene(source, driver, device="cpu")
    assert str(scene.scene.device) == "cpu"
    assert set(networks.devices) == {"cpu"}
    assert len(list(scene)) == 2
    with pytest.raises(OptionError, match="not on this machine"):
        animator.open_scene(source, driver, device="cuda:77")


def test_one_watch_sees_every_step(toy: ToyWorld) -> None:
    told: list[Progress] = []
    watch = Watch(told.append)
    animator = Animator(PLAIN)
    driver: TrackedDriver = animator.prepare_driver(toy.driver(frames=3), watch=watch)
    with animator.open_scene(animator.prepare_source(toy.photo()), driver, watch=watch) as scene:
        list(scene)
    assert [one.done for one in told if one.step is Step.TRACK] == [1, 2, 3]
    assert {"track", "render"} <= {timing.stage for timing in watch.clock.timings}


def test_a_tracked_part_of_a_driver_is_what_is_shown_beside(toy: ToyWorld) -> None:
    read = ReadOptions(start_s=Fraction(3, 25), duration_s=Fraction(2, 25))
    driver = toy.driver(frames=8)
    part = Animator(replace(PLAIN, read=read)).prepare_driver(driver)
    beside = Animator(replace(PLAIN, output=OutputOptions(side_by_side=True)))
    shown = [frame.pixels for frame in beside.frames(toy.photo(), part)]
    whole = replace(PLAIN, output=OutputOptions(side_by_side=True), read=read)
    expected = [frame.pixels for frame in Animator(whole).frames(toy.photo(), driver)]
    np.testing.assert_array_equal(shown, expected)
