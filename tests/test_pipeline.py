"""Whole runs in the toy world: everything is real but the landmark network."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from toy_world import PLAIN, ToyWorld, find_disc

from animate_cli.errors import Cancelled, OptionError, OutputError
from animate_cli.media.container.probe import probe
from animate_cli.media.provenance import read_marking
from animate_cli.options import (
    Codec,
    ComputeOptions,
    FaceOptions,
    Framing,
    Lost,
    MotionOptions,
    Options,
    OutputOptions,
    ReadOptions,
)
from animate_cli.pipeline import Animator
from animate_cli.records import BODY, Image
from animate_cli.report import Progress, Step
from animate_cli.stages.driver import trimmed

DEFAULT = Options(compute=ComputeOptions(threads=1))  # its model, too; PLAIN has the cheapest


def decoded(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def left_behind(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_video_makes_a_video_of_the_same_frames_and_time(toy: ToyWorld) -> None:
    driver = toy.driver(frames=13, rate=Fraction(30000, 1001))
    report = Animator(PLAIN).animate(toy.photo(), driver, "out.mp4")
    info = probe(Path("out.mp4"))
    assert len(decoded(Path("out.mp4"))) == report.frames == 13
    assert info.rate == report.rate == Fraction(30000, 1001)
    assert (report.width, report.height) == (info.width, info.height) == (160, 120)
    assert {timing.stage for timing in report.timings} >= {"track", "render", "upscale", "encode"}
    assert report.weights[0].name == "landmarks"
    assert json.loads(report.to_json())["output"] == "out.mp4"


def test_the_face_moves_as_the_driver_does(toy: ToyWorld) -> None:
    frames = [frame.pixels for frame in Animator(PLAIN).frames(toy.photo(), toy.driver())]
    at = np.array([find_disc(pixels)[0] for pixels in frames])
    anchored = at - at[0]
    shift = 4 * np.sin(np.arange(12) / 2) * (120 / 96)  # the photo's disc is larger
    assert np.corrcoef(anchored, shift)[0, 1] > 0.98
    assert np.ptp(anchored) == pytest.approx(np.ptp(shift), rel=0.35)


def test_no_strength_gives_the_photo_back(toy: ToyWorld) -> None:
    options = replace(DEFAULT, motion=MotionOptions(strength=0.0))
    photo = toy.photo()
    still = cv2.imread(str(photo))[..., ::-1]
    for frame in Animator(options).frames(photo, toy.driver(frames=3)):
        assert np.array_equal(frame.pixels, still)


def test_streamed_frames_are_those_of_the_file_lossless(toy: ToyWorld) -> None:
    options = replace(DEFAULT, output=OutputOptions(codec=Codec.PNG))
    photo, driver = toy.photo(), toy.driver(frames=9)
    Animator(options).animate(photo, driver, "frames")
    written = [cv2.imread(str(path))[..., ::-1] for path in sorted(Path("frames").iterdir())]
    streamed = list(Animator(options).frames(photo, driver))
    assert [frame.index for frame in streamed] == list(range(9))
    assert [frame.time_s for frame in streamed] == [Fraction(i, 25) for i in range(9)]
    for one, other in zip(written, streamed, strict=True):
        assert np.array_equal(one, other.pixels)


def test_same_machine_threads_and_seed_give_identical_files(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver()
    Animator(DEFAULT).animate(photo, driver, "a.mp4")
    Animator(DEFAULT).animate(photo, driver, "b.mp4")
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


def test_a_template_gives_what_its_video_gives(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver(sound=True)
    Animator(PLAIN).track(driver, "t.npz", overlay="overlay.mp4")
    assert len(decoded(Path("overlay.mp4"))) == 12
    direct = list(Animator(PLAIN).frames(photo, driver))
    cached = list(Animator(PLAIN).frames(photo, "t.npz"))
    for one, other in zip(direct, cached, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
    Animator(PLAIN).animate(photo, "t.npz", "silent.mp4")
    assert not probe(Path("silent.mp4")).audio
    sound = replace(PLAIN, output=OutputOptions(audio=str(driver)))
    Animator(sound).animate(photo, "t.npz", "loud.mp4")
    assert probe(Path("loud.mp4")).audio


def test_a_template_can_be_trimmed(toy: ToyWorld) -> None:
    Animator(PLAIN).track(toy.driver(frames=25), "t.npz")
    read = ReadOptions(start_s=Fraction(1, 5), duration_s=Fraction(2, 5))
    frames = list(Animator(replace(PLAIN, read=read)).frames(toy.photo(), "t.npz"))
    assert [frame.time_s for frame in frames] == [Fraction(i, 25) for i in range(10)]


def test_a_trimmed_template_keeps_its_own_frames(toy: ToyWorld) -> None:
    whole = Animator(PLAIN).track(toy.driver(frames=12), "t.npz")
    numbers = np.arange(12, dtype=np.float16)[:, None, None]
    body = numbers.repeat(BODY, axis=1).repeat(2, axis=2)
    read = ReadOptions(start_s=Fraction(1, 5), duration_s=Fraction(1, 5))
    part = trimmed(replace(whole, body=body), Path("t.npz"), read)
    np.testing.assert_array_equal(part.landmarks, whole.landmarks[5:10])
    np.testing.assert_array_equal(part.body, body[5:10])


def test_an_image_drives_an_image_and_alpha_moves_along(toy: ToyWorld) -> None:
    photo = toy.photo()
    pixels = cv2.imread(str(photo))
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    alpha[:, :30] = 0
    cv2.imwrite("clear.png", np.dstack((pixels, alpha)))
    driver = toy.photo("driver.png", size=(128, 96))
    report = Animator(PLAIN).animate("clear.png", driver)
    assert report.output == Path("clear--driver.png")
    result = cv2.imread("clear--driver.png", cv2.IMREAD_UNCHANGED)
    assert np.array_equal(result[..., 3] == 0, alpha == 0)
    options = replace(PLAIN, output=OutputOptions(background="#00ff00"))
    Animator(options).animate("clear.png", driver, "flat.jpg")
    b, g, r = cv2.imread("flat.jpg")[60, 5]
    assert g > 240
    assert max(b, r) < 15


def test_default_output_is_named_after_both(toy: ToyWorld) -> None:
    assert Animator(PLAIN).animate(toy.photo(), toy.driver()).output == Path("photo--driver.mp4")


def test_sound_comes_along(toy: ToyWorld) -> None:
    Animator(PLAIN).animate(toy.photo(), toy.driver(sound=True), "out.mp4")
    assert probe(Path("out.mp4")).audio
    quiet = replace(PLAIN, output=OutputOptions(audio="none"))
    Animator(quiet).animate(toy.photo(), toy.driver(sound=True), "quiet.mp4")
    assert not probe(Path("quiet.mp4")).audio


def test_the_result_is_marked(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver()
    Animator(PLAIN).animate(photo, driver, "out.mp4")
    marking = read_marking(Path("out.mp4"))
    assert marking is not None
    assert marking.synthetic
    assert len(marking.source_sha256) == len(marking.driver_sha256) == 64


@pytest.mark.parametrize("size", ["64", "200", "source"])
@pytest.mark.parametrize("framing", list(Framing))
def test_size_is_the_long_side(toy: ToyWorld, size: str, framing: Framing) -> None:
    options = replace(PLAIN, output=OutputOptions(size=size, framing=framing))
    frame = next(iter(Animator(options).frames(toy.photo(), toy.driver(frames=1)))).pixels
    if framing is Framing.CROP:
        assert frame.shape[0] == frame.shape[1]
    if size != "source":
        assert max(frame.shape) == int(size)
    x, y, radius = find_disc(frame)
    scale = max(frame.shape) / 160 if framing is Framing.WHOLE else None
    if scale:
        assert radius == pytest.approx(24 * scale, rel=0.1)
        assert (x, y) == pytest.approx((80 * scale, 60 * scale), abs=4 * scale)


def test_side_by_side_shows_all_three(toy: ToyWorld) -> None:
    options = replace(PLAIN, output=OutputOptions(side_by_side=True))
    report = Animator(options).animate(toy.photo(), toy.driver(), "out.mp4")
    assert (report.width, report.height) == (160 + 160 + 160, 120)
    frames = decoded(Path("out.mp4"))
    assert len(frames) == 12
    for panel in np.split(frames[3], 3, axis=1):
        assert find_disc(np.ascontiguousarray(panel)) is not None
    Animator(PLAIN).track(toy.driver(), "t.npz")
    with pytest.raises(OptionError, match="no pictures"):
        Animator(options).animate(toy.photo(), "t.npz", "out2.mp4")


def test_lost_frames_are_counted_told_and_rest_rests(toy: ToyWorld) -> None:
    driver = toy.driver(frames=40, without_face=range(15, 40))
    photo = toy.photo()
    report = Animator(PLAIN).animate(photo, driver, "out.mp4")
    assert report.lost == 25
    assert report.frames == 40
    assert any("25 of 40" in note for note in report.notes)
    rest = replace(PLAIN, faces=FaceOptions(lost=Lost.REST))
    *_, last = Animator(rest).frames(photo, driver)
    assert np.array_equal(last.pixels, cv2.imread(str(photo))[..., ::-1])


def test_an_existing_file_is_refused_before_any_work(toy: ToyWorld) -> None:
    Path("out.mp4").write_bytes(b"precious")
    steps: list[Step] = []
    with pytest.raises(OutputError, match="exists"):
        Animator(PLAIN).animate(
            toy.photo(), toy.driver(), "out.mp4", on_progress=lambda p: steps.append(p.step)
        )
    assert not steps
    assert Path("out.mp4").read_bytes() == b"precious"
    over = replace(PLAIN, output=OutputOptions(overwrite=True))
    Animator(over).animate(toy.photo(), toy.driver(), "out.mp4")
    assert decoded(Path("out.mp4"))


@pytest.mark.parametrize("step", [Step.TRACK, Step.RENDER])
def test_the_callback_can_cancel_and_nothing_is_left(toy: ToyWorld, step: Step) -> None:
    photo, driver = toy.photo(), toy.driver(frames=30)
    before = left_behind(toy.folder)

    def on_progress(progress: Progress) -> bool:
        return not (progress.step is step and progress.done == 5)

    with pytest.raises(Cancelled):
        Animator(PLAIN).animate(photo, driver, "out.mp4", on_progress=on_progress)
    assert left_behind(toy.folder) == before
    assert not [one for one in threading.enumerate() if one.name == "animate-stage"]


def test_closing_the_iterator_stops_everything(toy: ToyWorld) -> None:
    frames = Animator(PLAIN).frames(toy.photo(), toy.driver(frames=60))
    next(frames)
    frames.close()
    assert not [one for one in threading.enumerate() if one.name == "animate-stage"]


def test_progress_counts_every_frame(toy: ToyWorld) -> None:
    seen: list[Progress] = []
    Animator(PLAIN).animate(toy.photo(), toy.driver(), "out.mp4", on_progress=seen.append)
    for step in (Step.TRACK, Step.RENDER):
        counts = [progress.done for progress in seen if progress.step is step]
        assert counts == sorted(counts)
        assert counts[-1] == 12
    assert all(progress.total == 12 for progress in seen)


def test_two_animators_live_in_one_process(toy: ToyWorld) -> None:
    photo, driver = toy.photo(), toy.driver()
    one = Animator(DEFAULT).frames(photo, driver)
    still = replace(DEFAULT, motion=MotionOptions(strength=0.0))
    other = Animator(still).frames(photo, driver)
    pairs = list(zip(one, other, strict=True))
    alone = list(Animator(DEFAULT).frames(photo, driver))
    for (moving, _), expected in zip(pairs, alone, strict=True):
        assert np.array_equal(moving.pixels, expected.pixels)


def test_above_4k_is_forewarned(toy: ToyWorld) -> None:
    options = replace(PLAIN, output=OutputOptions(size="4200", preset="ultrafast"))
    report = Animator(options).animate(toy.photo(size=(64, 32)), toy.driver(frames=1), "big.mp4")
    assert report.width == 4200
    assert any("frames/s" in note for note in report.notes)


def test_faces_are_numbered_in_a_picture(toy: ToyWorld) -> None:
    path = Animator(PLAIN).write_faces(toy.photo())
    assert path == Path("photo--faces.png")
    assert not np.array_equal(cv2.imread(str(path)), cv2.imread("photo.png"))
