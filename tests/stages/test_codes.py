"""Pass 1 for models that read frames: what they saw speaks of the driver, not of its squares."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_world import ToyNetworks, ToyWorld, find_disc

from animate_cli.errors import Cancelled, OptionError
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.models.base import ALONE, FrameEncoder
from animate_cli.options import (
    ComputeOptions,
    FaceOptions,
    Lost,
    Motion,
    MotionOptions,
    Options,
    ReadOptions,
)
from animate_cli.pipeline import Animator
from animate_cli.records import OpenEdges, Rendered
from animate_cli.report import Progress, Step
from animate_cli.stages.codes import BATCH
from animate_cli.stages.trajectories import TrajectoryCache

ONE_THREAD = Options(compute=ComputeOptions(threads=1))


class DiscModel:
    """Reads where the disc is and how large; its code is (x, y, radius) in the square."""

    face_size = 64
    gmac_per_frame = 0.0

    def __init__(self, encoder_id: str = "disc 1") -> None:
        self.encoder_id = encoder_id
        self.batches: list[int] = []
        self.drivers: list[Tensor] = []
        self.open_edges: list[OpenEdges] = []

    def frame_encoder(self) -> FrameEncoder:
        return self

    def encode_source(
        self, face: Tensor, landmarks: Tensor, open_edges: OpenEdges = ALONE
    ) -> Tensor:
        self.open_edges.append(open_edges)
        return face

    def encode_driver(self, faces: Tensor | None, landmarks: Tensor) -> Tensor:
        assert faces is not None
        self.batches.append(len(faces))
        return torch.stack(
            [self._read(face, points) for face, points in zip(faces, landmarks, strict=True)]
        )

    def _read(self, face: Tensor, points: Tensor) -> Tensor:
        disc = find_disc((255 * face).round().byte().permute(1, 2, 0).numpy())
        assert disc is not None
        x, y, radius = (float(v) for v in disc)
        assert abs(float(points[:, 0].mean()) - x) < 1.5  # its landmarks are in its pixels
        return torch.tensor([(2 * x + 1) / 64 - 1, (2 * y + 1) / 64 - 1, 2 * radius / 64])

    def reframe(self, codes: Tensor, ratio: Tensor, shift: Tensor) -> Tensor:
        return torch.cat((ratio * codes[:, :2] + shift, ratio * codes[:, 2:]), dim=1)

    def retarget(self, source: Tensor, driver: Tensor, anchor: Tensor, options: Any) -> Tensor:
        self.drivers.append(driver)
        return driver - anchor

    def render(self, source: Tensor, drivers: Tensor, state: None = None) -> tuple[Rendered, None]:
        face = source.expand(len(drivers), -1, -1, -1)
        return Rendered(face=face, grid=None, refine_mask=None), None


@pytest.fixture
def model() -> DiscModel:
    return DiscModel()


class Blind(ToyNetworks):
    """Networks that find no landmarks any more."""

    def landmarker(self, device: str) -> LandmarkDetector:
        raise AssertionError("tracked again")


def animator_of(
    model: DiscModel, options: Options = ONE_THREAD, *, kept: TrajectoryCache | None = None
) -> Animator:
    return Animator(options, trajectories=kept, networks=ToyNetworks(model))


def test_codes_are_in_driver_pixels(toy: ToyWorld, model: DiscModel) -> None:
    trajectory = animator_of(model).track(toy.driver(frames=20))
    assert trajectory.codes is not None
    assert trajectory.codes.encoder_id == "disc 1"
    x, y, radius = trajectory.codes.values.T
    expected = 64 + 4 * np.sin(np.arange(20) / 2)
    assert x == pytest.approx(expected, abs=0.6)
    assert y == pytest.approx(48, abs=0.6)
    assert radius == pytest.approx(96 / 5, abs=0.8)


def test_the_model_is_told_where_the_photo_goes_on(toy: ToyWorld, model: DiscModel) -> None:
    animator = animator_of(model)
    source, driver = animator.prepare_source(toy.photo()), toy.driver(frames=4)
    scene = animator.open_scene(source, animator.prepare_driver(driver)).scene
    assert model.open_edges == [scene.canvas.open_edges]
    assert model.open_edges != [ALONE]


def test_few_frames_are_held(toy: ToyWorld, model: DiscModel) -> None:
    animator_of(model).track(toy.driver(frames=20))
    assert max(model.batches) <= BATCH
    assert sum(model.batches) == 20


def test_the_source_sees_the_driver_through_one_square(toy: ToyWorld, model: DiscModel) -> None:
    """A shift by a share of the driver's head is a shift by the same share of the source's."""
    list(animator_of(model).frames(toy.photo(), toy.driver(frames=20)))
    moved = torch.cat(model.drivers)
    radius = float(moved[:, 2].mean())
    shares = (moved[:, 0] - moved[0, 0]) / radius
    expected = 4 * np.sin(np.arange(20) / 2) / (96 / 5)
    assert shares.numpy() == pytest.approx(expected, abs=0.06)


def test_frames_without_a_face_are_made_up_like_landmarks(toy: ToyWorld, model: DiscModel) -> None:
    driver = toy.driver(frames=24, without_face=range(8, 14))
    trajectory = animator_of(model).track(driver)
    assert sum(model.batches) == 18
    assert trajectory.codes is not None
    middle = trajectory.landmarks.mean(axis=1) - trajectory.landmarks[0].mean(axis=0)
    code = trajectory.codes.values - trajectory.codes.values[0]
    assert code[:, :2] == pytest.approx(middle, abs=0.8)


def test_motion_fades_to_rest(toy: ToyWorld, model: DiscModel) -> None:
    driver = toy.driver(frames=40, without_face=range(15, 40))
    for motion in Motion:
        model.drivers.clear()
        options = replace(
            ONE_THREAD, faces=FaceOptions(lost=Lost.REST), motion=MotionOptions(motion=motion)
        )
        animator = animator_of(model, options)
        source, tracked = animator.prepare_source(toy.photo()), animator.prepare_driver(driver)
        scene = animator.open_scene(source, tracked).scene
        list(animator.frames(source, tracked))
        last = torch.cat(model.drivers)[-1]
        own = model.encode_driver(scene.source, torch.full((1, 74, 2), 31.5))
        rest = scene.anchor if motion is Motion.RELATIVE else own
        torch.testing.assert_close(last, rest[0], atol=1e-5, rtol=0)


def test_a_template_carries_them(toy: ToyWorld, model: DiscModel) -> None:
    driver = toy.driver()
    seen = animator_of(model).track(driver, "t.npz")
    model.batches.clear()
    list(animator_of(model).frames(toy.photo(), "t.npz"))
    assert model.batches == [1]  # the source, as a driver of itself
    direct = torch.cat(model.drivers)
    model.drivers.clear()
    list(animator_of(model).frames(toy.photo(), driver))
    assert torch.equal(torch.cat(model.drivers), direct)
    assert seen.codes is not None


@pytest.mark.parametrize("encoder_id", ["disc 2", "other 1"])
def test_a_template_of_another_encoder_is_refused(
    toy: ToyWorld, model: DiscModel, encoder_id: str
) -> None:
    animator_of(model).track(toy.driver(), "t.npz")
    model.encoder_id = encoder_id
    with pytest.raises(OptionError, match=r"t\.npz holds codes of disc") as caught:
        list(animator_of(model).frames(toy.photo(), "t.npz"))
    assert "animate track" in caught.value.hint


def test_a_template_of_landmarks_is_refused(toy: ToyWorld, model: DiscModel) -> None:
    Animator(ONE_THREAD).track(toy.driver(), "t.npz")
    with pytest.raises(OptionError, match="landmarks alone"):
        list(animator_of(model).frames(toy.photo(), "t.npz"))


def test_they_are_cached_with_the_motion_of_their_encoder(toy: ToyWorld, model: DiscModel) -> None:
    kept, driver = TrajectoryCache(toy.folder / "kept"), toy.driver()
    for encoder_id, times in (("disc 1", 1), ("disc 1", 0), ("disc 2", 1)):
        model.encoder_id = encoder_id
        model.batches.clear()
        animator_of(model, kept=kept).track(driver)
        assert sum(model.batches) == 12 * times


def test_reading_can_be_cancelled(toy: ToyWorld, model: DiscModel) -> None:
    def on_progress(progress: Progress) -> bool:
        return not (progress.step is Step.ENCODE and progress.done == 5)

    with pytest.raises(Cancelled):
        animator_of(model).track(toy.driver(), "t.npz", on_progress=on_progress)
    assert not (toy.folder / "t.npz").exists()


def test_a_slow_model_says_so_before_it_starts(
    toy: ToyWorld, model: DiscModel, caplog: pytest.LogCaptureFixture
) -> None:
    quick = animator_of(model)
    list(quick.frames(toy.photo(), toy.driver(frames=2)))
    assert not caplog.records
    model.gmac_per_frame = 1e6
    frames = animator_of(model).frames(toy.photo(), toy.driver(frames=2))
    next(frames)
    assert "s a frame on this CPU" in caplog.text
    frames.close()


def test_a_tracked_driver_is_only_read_once_more(toy: ToyWorld, model: DiscModel) -> None:
    read = ReadOptions(start_s=Fraction(2, 25), duration_s=Fraction(5, 25))
    tracked = Animator(replace(ONE_THREAD, read=read)).prepare_driver(toy.driver())
    assert tracked.trajectory.codes is None
    animator = Animator(ONE_THREAD, networks=Blind(model))
    encoded = animator.prepare_driver(tracked)
    assert encoded.trajectory.codes is not None
    assert len(encoded.trajectory.codes.values) == 5
    assert sum(model.batches) == 5
    assert animator.prepare_driver(encoded).trajectory is encoded.trajectory
