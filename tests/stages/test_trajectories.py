"""A driver is followed once: whatever its motion depends on is in the key, and nothing else."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from toy_world import PLAIN, ToyLandmarker, ToyWorld

from animate_cli import Animator, FaceOptions, Lost, MotionOptions, Options, ReadOptions
from animate_cli.media.input_file import open_input
from animate_cli.records import Trajectory
from animate_cli.stages.trajectories import TrajectoryCache, key_of


def shut_eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on looking at anything fails."""

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("looked at a frame")

    monkeypatch.setattr(ToyLandmarker, "__call__", fail)
    monkeypatch.setattr("animate_cli.stages.driver.open_driver", fail)


def assert_same(a: Trajectory, b: Trajectory) -> None:
    for field in fields(Trajectory):
        one, other = getattr(a, field.name), getattr(b, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other, field.name


def test_the_second_time_nothing_is_looked_at(
    toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = toy.driver(frames=5, without_face=[3])
    kept = TrajectoryCache(toy.folder / "kept")
    first = Animator(PLAIN, trajectories=kept).track(driver)
    shut_eyes(monkeypatch)
    second = Animator(PLAIN, trajectories=kept).track(driver)
    assert_same(first, second)
    with pytest.raises(AssertionError, match="looked"):
        Animator(PLAIN).track(driver)


def test_a_copy_under_another_name_is_the_same_driver(
    toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = TrajectoryCache(toy.folder / "kept")
    first = Animator(PLAIN, trajectories=kept).track(toy.driver("a.mp4", frames=3))
    (toy.folder / "b.mp4").write_bytes((toy.folder / "a.mp4").read_bytes())
    shut_eyes(monkeypatch)
    second = Animator(PLAIN, trajectories=kept).track(toy.folder / "b.mp4")
    assert_same(replace(first, driver="b.mp4"), second)


@pytest.mark.parametrize(
    "other",
    [
        Options(read=ReadOptions(start_s=Fraction(1, 25))),
        Options(read=ReadOptions(duration_s=Fraction(2, 25))),
        Options(faces=FaceOptions(smooth=0.1)),
        Options(faces=FaceOptions(lost=Lost.HOLD)),
        Options(faces=FaceOptions(driver_face="left")),
    ],
)
def test_what_changes_the_motion_changes_the_key(toy: ToyWorld, other: Options) -> None:
    driver = toy.driver(frames=6)
    assert key_of(open_input(driver), other) != key_of(open_input(driver), Options())


def test_another_weight_or_another_byte_changes_the_key(
    toy: ToyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = toy.driver(frames=3)
    before = key_of(open_input(driver), Options())
    with monkeypatch.context() as patch:
        weights = "animate_cli.hub.used"
        patch.setattr(weights, lambda name: type("W", (), {"sha256": "0" * 64, "name": name}))
        assert key_of(open_input(driver), Options()) != before
    driver.write_bytes(driver.read_bytes() + b"\0")
    assert key_of(open_input(driver), Options()) != before


def test_what_only_pass_2_reads_does_not(toy: ToyWorld) -> None:
    driver = toy.driver(frames=3)
    other = Options(motion=MotionOptions(strength=0.5), faces=FaceOptions(face="left"))
    assert key_of(open_input(driver), other) == key_of(open_input(driver), Options())


def test_what_was_told_is_told_again(toy: ToyWorld) -> None:
    whole = toy.driver(frames=40)
    content = whole.read_bytes()
    broken = bytearray(content)
    middle = content.index(b"mdat") + len(content) // 3
    broken[middle : middle + 200] = bytes(200)
    whole.write_bytes(bytes(broken))
    animator = Animator(PLAIN, trajectories=TrajectoryCache(toy.folder / "kept"))
    first = animator.animate(toy.photo(), whole, "1.mp4")
    second = animator.animate(toy.photo(), whole, "2.mp4")
    assert any("damaged" in note for note in first.notes)
    assert first.notes == second.notes


@pytest.mark.parametrize("damage", [b"", b"not a template"])
def test_a_damaged_entry_is_made_anew(toy: ToyWorld, damage: bytes) -> None:
    driver, kept = toy.driver(frames=3), TrajectoryCache(toy.folder / "kept")
    first = Animator(PLAIN, trajectories=kept).track(driver)
    [entry] = kept.folder.glob("*.npz")
    entry.write_bytes(damage)
    assert_same(Animator(PLAIN, trajectories=kept).track(driver), first)
    assert len(entry.read_bytes()) > 100


def test_it_never_outgrows_its_bound(toy: ToyWorld) -> None:
    kept = TrajectoryCache(toy.folder / "kept")
    drivers = [toy.driver(f"{n}.mp4", frames=3 + n) for n in range(3)]
    for age, driver in enumerate(drivers[:2]):
        Animator(PLAIN, trajectories=kept).track(driver)
        entry = kept.folder / f"{key_of(open_input(driver), Options())}.npz"
        os.utime(entry, (1000 + age, 1000 + age))
        kept.most_bytes = 2 * entry.stat().st_size
    Animator(PLAIN, trajectories=kept).track(drivers[0])  # used again: the other one is older now
    Animator(PLAIN, trajectories=kept).track(drivers[2])
    left = {file.stem for file in kept.folder.glob("*.npz")}
    assert key_of(open_input(drivers[1]), Options()) not in left
    assert key_of(open_input(drivers[2]), Options()) in left
    assert left == {file.stem for file in kept.folder.glob("*.json")}
    assert sum(f.stat().st_size for f in kept.folder.glob("*.npz")) <= kept.most_bytes


def test_a_place_that_cannot_be_written_costs_nothing(toy: ToyWorld) -> None:
    (toy.folder / "file").write_text("in the way")
    kept = TrajectoryCache(toy.folder / "file" / "kept")
    assert len(Animator(PLAIN, trajectories=kept).track(toy.driver(frames=3))) == 3


def test_networks_are_opened_once(toy: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def load(*, device: str) -> ToyLandmarker:
        opened.append(device)
        return ToyLandmarker()

    monkeypatch.setattr("animate_cli.faces.landmarks.network.load_landmarker", load)
    animator, driver = Animator(PLAIN), toy.driver(frames=3)
    animator.animate(toy.photo(), driver, Path("1.mp4"))
    other = animator.with_options(replace(PLAIN, motion=replace(PLAIN.motion, strength=0.5)))
    other.animate(toy.photo(), driver, Path("2.mp4"))
    assert opened == ["cpu"]
    assert Path("1.mp4").read_bytes() != Path("2.mp4").read_bytes()
