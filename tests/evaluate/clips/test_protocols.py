"""Protocols with other start frames, and with pairs that are not sampled."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from toy_world import ToyWorld

from animate_cli.data.manifest import CLIP, DataEntry
from animate_cli.errors import FaceError, OptionError
from animate_cli.evaluate.clips.candidate import read_candidates
from animate_cli.evaluate.clips.choose_pairs import choose_pairs
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.clips.start_frame import (
    StartFrame,
    find_start_frames,
    frontal_frames,
    random_frame,
)
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import (
    ClipPairing,
    Protocol,
    Reenactment,
    Scheme,
    Start,
    apply_scheme,
)
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver, ScoredFrame
from animate_cli.faces.shape3d.model import ShapeModel, load_shape_model
from animate_cli.options import ComputeOptions
from animate_cli.records import Trajectory

COMPUTE = ComputeOptions(device="cpu", threads=1)


def clip(name: str, person: str) -> DataEntry:
    return DataEntry(path=Path(f"{name}.mp4"), split="val", kind=CLIP, identity=person)


CLIPS = [clip("a", "A"), clip("b", "B"), clip("c", "C"), clip("a2", "A")]


def motion(found: list[bool]) -> Trajectory:
    count = len(found)
    return Trajectory(
        landmarks=np.zeros((count, 74, 2), np.float32),
        confidence=np.ones((count, 74), np.float32),
        found=np.array(found),
        cut=np.zeros(count, np.bool_),
        times_s=tuple(Fraction(k, 25) for k in range(count)),
        rate=Fraction(25),
        width=64,
        height=64,
        driver="a.mp4",
        sha256="0" * 64,
    )


@pytest.mark.parametrize("scheme", Scheme)
def test_a_scheme_sets_its_own_fields_and_keeps_the_others(scheme: Scheme) -> None:
    given = Protocol(stride=3, cap=7, limit=2, pairs=5, seed=4)
    chosen = apply_scheme(scheme, given)
    kept = ("stride", "cap", "limit", "pairs", "seed", "frontal_deg", "alike_deg", "scored")
    assert all(getattr(chosen, name) == getattr(given, name) for name in kept)
    of_others = (Scheme.CROSS, Scheme.CROSS_ALL, Scheme.CROSS_FRONTAL, Scheme.EXPRESSION_DRIVEN)
    assert (chosen.reenactment is Reenactment.CROSS) == (scheme in of_others)
    assert len({apply_scheme(other, given) for other in Scheme}) == len(Scheme)


def test_the_plain_schemes_are_what_they_were() -> None:
    assert apply_scheme(Scheme.SELF, Protocol()) == Protocol()
    cross = Protocol(reenactment=Reenactment.CROSS)
    assert apply_scheme(Scheme.CROSS, cross) == cross


def test_a_random_frame_has_a_face_and_depends_on_the_seed() -> None:
    seen = motion([False, True, True, False, True, True, True, True])
    drawn = {
        start_frame.frame
        for seed in range(60)
        for start_frame in random_frame(seen, "a", Protocol(seed=seed, cap=6))
    }
    assert drawn == {1, 2, 4, 5}
    one, again, other = (random_frame(seen, n, Protocol(seed=3)) for n in ("a", "a", "zz"))
    assert one == again
    assert one is not other
    assert not random_frame(motion([False, False]), "a", Protocol())


def test_frontal_frames_are_within_the_bound_and_not_the_last(monkeypatch) -> None:
    angles = np.array([[9.0, 0, 0], [4.9, 4, -5.1], [4.9, -4.9, 1], [0, 0, 0]])
    monkeypatch.setattr(
        "animate_cli.evaluate.clips.start_frame.fitted_angles", lambda _, __: angles
    )
    shape = None
    found = frontal_frames(motion([True, False, True, True, True, True]), shape, 5.0)  # type: ignore[arg-type]
    assert [(one.frame, one.angles_deg) for one in found] == [(3, (4.9, -4.9, 1.0)), (4, (0, 0, 0))]
    assert not frontal_frames(motion([True, False, True, True, True, True]), shape, 0.0)  # type: ignore[arg-type]


def test_our_shape_model_tells_frontal_from_turned() -> None:
    shape = load_shape_model()
    seen = replace(motion([True] * 3), landmarks=_seen(shape, (20.0, 3.0, 1.0)))
    (found,) = frontal_frames(seen, shape, 5.0)
    assert found.frame == 1
    assert abs(found.angles_deg[0]) == pytest.approx(3, abs=1.5)


def _seen(shape: ShapeModel, yaws: tuple[float, ...]) -> np.ndarray:
    """The mean face turned by so many degrees, orthographically: (N, 74, 2)."""
    mean = shape.mean.numpy()
    found = np.zeros((len(yaws), 74, 2), np.float32)
    for place, yaw in enumerate(np.deg2rad(yaws)):
        x = np.cos(yaw) * mean[:, 0] + np.sin(yaw) * mean[:, 2]
        flat = 100 * np.stack((x, mean[:, 1]), axis=1) + 128
        found[place, : len(flat)] = flat
        found[place, 72:] = flat[[36, 42]] * 0.5 + flat[[39, 45]] * 0.5
    return found


def test_clips_without_a_face_have_no_start_frame() -> None:
    def follow(path: Path) -> Trajectory:
        if path.stem == "b":
            raise FaceError("no face", hint="another one")
        return motion([path.stem != "c"] * 4)

    protocol = apply_scheme(Scheme.SELF_RANDOM, Protocol())
    paths = [one.path for one in CLIPS]
    found = find_start_frames(paths, protocol, follow, None)  # type: ignore[arg-type]
    assert set(found) == {Path("a.mp4"), Path("a2.mp4")}
    assert [pair.source.stem for pair in clip_pairs(CLIPS, protocol, found)] == ["a", "a2"]


def test_all_pairs_are_all_of_different_people() -> None:
    chosen = clip_pairs(CLIPS, apply_scheme(Scheme.CROSS_ALL, Protocol()))
    assert len({(t.source, t.driver) for t in chosen}) == len(chosen) == 12 - 2
    assert not any({t.source.stem, t.driver.stem} == {"a", "a2"} for t in chosen)


def test_heads_of_the_same_pose_are_paired_both_ways() -> None:
    stand = {"a": (0.0, 0, 0), "b": (0.9, 0, -0.9), "c": (0.0, 1.0, 0), "a2": (0.1, 0, 0)}
    start_frames = {
        one.path: [StartFrame(frame=k, angles_deg=stand[one.path.stem])]
        for k, one in enumerate(CLIPS)
    }
    protocol = apply_scheme(Scheme.CROSS_FRONTAL, Protocol())
    chosen = clip_pairs(CLIPS, protocol, start_frames)
    assert {t.name for t in chosen} == {"a@0--b@1", "b@1--a@0", "b@1--a2@3", "a2@3--b@1"}
    assert all(t.driver_start == start_frames[t.driver][0].frame for t in chosen)
    few = apply_scheme(Scheme.CROSS_FRONTAL, Protocol(pairs=2))
    assert len(clip_pairs(CLIPS, few, start_frames)) == 2
    apart = {
        path: [StartFrame(frame=0, angles_deg=(2.0 * k, 0, 0))]
        for k, path in enumerate(start_frames)
    }
    with pytest.raises(OptionError, match="within 1 degrees"):
        clip_pairs(CLIPS, protocol, apart)


def test_a_driver_starts_at_its_first_frame_with_the_sources_pose() -> None:
    start_frames = {
        one.path: [StartFrame(frame=9, angles_deg=(3.0 * k, 0, 0)), StartFrame(frame=20 + k)]
        for k, one in enumerate(CLIPS)
    }
    chosen = clip_pairs(CLIPS, apply_scheme(Scheme.CROSS_FRONTAL, Protocol()), start_frames)
    first = CLIPS[0].path
    assert {(t.source_frame, t.driver_start) for t in chosen if t.source == first} == {
        (9, 20 + k) for k, one in enumerate(CLIPS) if one.identity != CLIPS[0].identity
    }
    assert all(t.source == first for t in chosen)


class Watcher(EvaluationObserver):
    def __init__(self) -> None:
        self.seen: list[ScoredFrame] = []

    def on_frame(self, frame: ScoredFrame) -> None:
        self.seen.append(frame)


def test_a_random_source_is_that_frame_and_is_not_scored(toy: ToyWorld) -> None:
    toy.driver("a.mp4", frames=9)
    protocol = apply_scheme(Scheme.SELF_RANDOM, Protocol(stride=1, seed=2))
    (pair,) = choose_pairs(
        read_clips(toy.folder, "val"),
        protocol,
        ClipTracker(COMPUTE),
        on_left_out=lambda _: None,
    )
    assert pair.source_frame > 0
    watcher = Watcher()
    result = _evaluate(toy, [pair], protocol, watcher)
    assert (result.frames, result.scored) == (9, 8)
    assert pair.source_frame not in [frame.index for frame in watcher.seen]
    assert result.pairs == (f"a@{pair.source_frame}",)
    assert result.mean("thin_plate", "akd") < 0.5


def test_a_driver_starts_at_the_pairs_start_frame(toy: ToyWorld) -> None:
    toy.driver("a.mp4", frames=6)
    toy.driver("b.mp4", frames=9)
    protocol = Protocol(reenactment=Reenactment.CROSS, stride=1, pairs=2)
    both = clip_pairs(read_clips(toy.folder, "val"), protocol)
    pair = next(t for t in both if t.driver.stem == "b")
    whole, part = Watcher(), Watcher()
    _evaluate(toy, [pair], protocol, whole)
    later = replace(pair, driver_start=4)
    assert _evaluate(toy, [later], protocol, part).frames == 5
    for index, frame in enumerate(part.seen):
        np.testing.assert_array_equal(frame.driver, whole.seen[index + 4].driver)


def _evaluate(toy: ToyWorld, chosen, protocol: Protocol, watcher: Watcher):
    return evaluate(
        read_candidates([]),
        chosen,
        load_evaluators(None, device="cpu"),
        protocol=protocol,
        data=toy.folder,
        split="val",
        compute=COMPUTE,
        observer=watcher,
    )


def test_the_enums_are_in_the_result() -> None:
    protocol = apply_scheme(Scheme.CROSS_FRONTAL, Protocol())
    assert (protocol.start, protocol.pairing) == (Start.FRONTAL, ClipPairing.ALIKE)
    assert "frontal" in protocol.source
