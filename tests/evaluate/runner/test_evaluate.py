"""Whole evaluations in the toy world: baselines, determinism, absent judges, the JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from toy_world import ToyWorld

from animate_cli.digest import sha256_of
from animate_cli.errors import FaceError, OptionError
from animate_cli.evaluate.clips.candidate import STILL, Candidate, read_candidates
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.metrics.metric import Better
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.evaluate.runner.evaluate import (
    Evaluation,
    EvaluationObserver,
    better_share,
    evaluate,
)
from animate_cli.options import ComputeOptions, Engine, ResWarp
from animate_cli.pipeline import Animator
from animate_cli.records import InputFile
from animate_cli.stages import driver
from animate_cli.upscale.residual_warp import ResidualWarper


def score(root: Path, *others: Candidate, **chosen: object) -> Evaluation:
    protocol = Protocol(stride=2, **chosen)  # type: ignore[arg-type]
    return evaluate(
        [*read_candidates([]), *others],
        clip_pairs(read_clips(root, "val"), protocol),
        load_evaluators(None, device="cpu"),
        protocol=protocol,
        data=root,
        split="val",
        compute=ComputeOptions(device="cpu", threads=1),
        audience=EvaluationObserver(),
    )


def figures(result: Evaluation) -> dict[str, object]:
    told: dict[str, object] = json.loads(result.to_json())
    del told["times"]
    return told


@pytest.fixture
def scored(toy: ToyWorld) -> Evaluation:
    toy.driver("a.mp4", frames=9)
    toy.driver("b.mp4", frames=6)
    return score(toy.folder)


def test_what_moves_with_the_driver_is_nearer_to_it_than_what_stands_still(scored) -> None:
    assert [entrant.name for entrant in scored.entrants] == [STILL, "thin_plate"]
    for metric in ("l1", "psnr", "ssim", "face_l1", "akd"):
        assert scored.beats_still("thin_plate", metric) == 1, metric
    assert scored.mean("thin_plate", "akd") < 0.5 < scored.mean(STILL, "akd")


def test_every_stride_th_frame_counts_but_the_source(scored) -> None:
    assert (scored.frames, scored.scored, scored.lost) == (15, 4 + 2, 0)


def test_a_mean_is_over_clips(scored) -> None:
    column = scored.column("thin_plate", "l1")
    assert column.shape == (2,)
    assert scored.mean("thin_plate", "l1") == pytest.approx(column.mean())


def test_twice_the_same(scored, toy: ToyWorld) -> None:
    assert figures(score(toy.folder)) == figures(scored)


def test_an_absent_judge_has_no_figure_and_says_what_it_needs(scored) -> None:
    told = figures(scored)
    assert told["metrics"]["lpips"]["needs"] == "--metric-weights DIR"
    assert "needs" not in told["metrics"]["l1"]
    lpips = told["models"]["thin_plate"]["metrics"]["lpips"]
    assert (lpips["mean"], lpips["takes"]) == (None, [None, None])


def test_json_has_means_protocol_and_takes(scored, toy: ToyWorld) -> None:
    told = figures(scored)
    assert told["schema"] == 1
    assert told["protocol"]["stride"] == 2
    assert told["protocol"]["reenactment"] == "self"
    assert told["data"]["takes"] == ["a", "b"]
    assert told["data"]["drivers_sha256"][0] == sha256_of(toy.folder / "a.mp4")
    assert set(told["judges"]) == {"landmarks", "shape"}
    assert told["models"]["thin_plate"]["motion"]["motion"] == "absolute"
    l1 = told["models"]["thin_plate"]["metrics"]["l1"]
    assert l1["mean"] == scored.mean("thin_plate", "l1")
    assert l1["better_than_still"] == 1


def test_a_driver_is_followed_once_for_everybody(toy: ToyWorld, monkeypatch) -> None:
    followed: list[Path] = []

    def follow(given: InputFile, *arguments: object, **named: object) -> object:
        followed.append(given.path)
        return driver.track_driver(given, *arguments, **named)

    monkeypatch.setattr("animate_cli.pipeline.track_driver", follow)
    path = toy.driver("a.mp4", frames=5)
    result = score(toy.folder, Candidate(name="again", model="thin_plate"))
    assert followed.count(path) == 1
    both = (result.column(name, "l1").tolist() for name in ("thin_plate", "again"))
    assert next(both) == next(both)


def test_lost_frames_are_left_out_and_counted(toy: ToyWorld) -> None:
    toy.driver("gap.mp4", frames=12, without_face=(5, 6, 7, 8))
    result = score(toy.folder)
    assert (result.scored, result.lost) == (3, 2)


def test_a_clip_without_a_face_is_told_of_and_the_others_count(toy: ToyWorld) -> None:
    toy.driver("empty.mp4", frames=4, without_face=range(4))
    with pytest.raises(FaceError, match="none of the 1 clips"):
        score(toy.folder)
    toy.driver("good.mp4", frames=6)
    result = score(toy.folder)
    assert result.takes == ("good",)
    assert [one.take for one in result.skipped] == ["empty"]


def test_a_cap_is_as_if_the_clip_were_shorter(toy: ToyWorld) -> None:
    toy.driver("long.mp4", frames=12)
    assert score(toy.folder, cap=5).frames == 5
    assert score(toy.folder, cap=5).scored == 2


def test_nothing_behind_the_cap_is_looked_at(toy: ToyWorld, monkeypatch) -> None:
    followed: list[int] = []

    def follow(given: InputFile, *arguments: object, **named: object) -> object:
        found = driver.track_driver(given, *arguments, **named)
        followed.append(len(found.trajectory))
        return found

    monkeypatch.setattr("animate_cli.pipeline.track_driver", follow)
    toy.driver("long.mp4", frames=12)
    score(toy.folder, cap=5)
    assert 5 in followed
    assert 12 not in followed


def test_the_curve_is_of_frames_and_ends_where_the_figures_say(scored) -> None:
    told = figures(scored)["ced"]
    curve = told["models"][STILL]["landmarks"]
    errors = scored.place_errors[0, 0]
    assert errors.shape == (scored.scored,)
    for place, share in zip(told["places"], curve, strict=True):
        assert share == pytest.approx(sum(e <= place for e in errors) / len(errors))
    assert 0 < curve[-1] < 1
    assert list(told["models"]["thin_plate"]) == ["landmarks"]
    assert told["models"]["thin_plate"]["landmarks"][-1] == 1


def test_cross_reenactment_scores_what_needs_no_target(toy: ToyWorld) -> None:
    toy.driver("a.mp4", frames=5)
    toy.driver("b.mp4", frames=5)
    result = score(toy.folder, reenactment=Reenactment.CROSS, pairs=2)
    names = {metric.name for metric in result.metrics}
    assert "identity" in names
    assert "l1" not in names
    assert sorted(result.takes) == ["a--b", "b--a"]
    assert result.scored == 6


def test_better_is_by_direction_and_only_where_both_have_a_figure() -> None:
    own, still = np.array([1.0, 2.0, np.nan, 4.0]), np.array([2.0, 1.0, 0.0, np.nan])
    assert better_share(own, still, Better.LOWER) == 0.5
    assert better_share(own[:1], still[:1], Better.HIGHER) == 0
    assert math.isnan(better_share(own[2:], still[2:], Better.LOWER))


def test_unknown_models_are_refused() -> None:
    with pytest.raises(OptionError, match="no model named 'thick_plate'"):
        read_candidates(["thick_plate"])


def test_it_draws_in_single_precision(toy: ToyWorld, monkeypatch) -> None:
    """In less, the last digits depend on how many frames are drawn together."""
    asked: list[Engine] = []

    class Watched(Animator):
        def __init__(self, options, **named) -> None:
            super().__init__(options, **named)
            asked.append(options.compute.engine)

    monkeypatch.setattr("animate_cli.evaluate.runner.clip_run.Animator", Watched)
    toy.driver("a.mp4", frames=5)
    score(toy.folder)
    assert set(asked) == {Engine.TORCH}


@pytest.mark.parametrize("reswarp", list(ResWarp))
def test_an_upscaler_is_part_of_the_protocol(toy: ToyWorld, reswarp: ResWarp, monkeypatch) -> None:
    used: list[ResWarp] = []

    class Watched(ResidualWarper):
        def __init__(self, *arguments, **named) -> None:
            super().__init__(*arguments, **named)
            used.append(arguments[2])

    monkeypatch.setattr("animate_cli.stages.scene.ResidualWarper", Watched)
    toy.driver("a.mp4", frames=5)
    result = score(toy.folder, reswarp=reswarp)
    assert json.loads(result.to_json())["protocol"]["reswarp"] == reswarp
    assert set(used) == {reswarp}
