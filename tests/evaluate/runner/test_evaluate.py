"""Whole evaluations in the toy world: baselines, determinism, missing evaluators, the JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toy_world import ToyWorld

from animate_cli.digest import sha256_of
from animate_cli.errors import FaceError, OptionError
from animate_cli.evaluate.clips.candidate import STILL, Candidate, read_candidates
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.metrics.catalog import metric_catalog
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.evaluate.result import Result, parse_result
from animate_cli.evaluate.runner.clip_run import ClipEvaluator
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver
from animate_cli.options import ComputeOptions, Engine, ResWarp
from animate_cli.pipeline import Animator
from animate_cli.records import InputFile, PreparedSource
from animate_cli.stages import driver
from animate_cli.upscale.residual_warp import ResidualWarper


def score(root: Path, *others: Candidate, **chosen: object) -> Result:
    protocol = Protocol(stride=2, **chosen)  # type: ignore[arg-type]
    return evaluate(
        [*read_candidates([]), *others],
        clip_pairs(read_clips(root, "val"), protocol),
        load_evaluators(None, device="cpu"),
        protocol=protocol,
        data=root,
        split="val",
        compute=ComputeOptions(device="cpu", threads=1),
        observer=EvaluationObserver(),
    )


def without_times(result: Result) -> dict[str, object]:
    record: dict[str, object] = json.loads(result.to_json())
    del record["times"]
    return record


@pytest.fixture
def scored(toy: ToyWorld) -> Result:
    toy.driver("a.mp4", frames=9)
    toy.driver("b.mp4", frames=6)
    return score(toy.folder)


def test_a_moving_output_is_nearer_to_the_driver_than_the_still_source(scored) -> None:
    assert [one.name for one in scored.models] == [STILL, "thin_plate"]
    for metric in ("l1", "psnr", "ssim", "face_l1", "akd"):
        assert scored.better_share("thin_plate", STILL, metric) == 1, metric
    assert scored.mean("thin_plate", "akd") < 0.5 < scored.mean(STILL, "akd")


def test_every_nth_frame_is_scored_except_the_source(scored) -> None:
    assert (scored.frames, scored.scored, scored.lost) == (15, 4 + 2, 0)


def test_a_mean_is_over_clip_pairs(scored) -> None:
    column = scored.column("thin_plate", "l1")
    assert column.shape == (2,)
    assert scored.mean("thin_plate", "l1") == pytest.approx(column.mean())


def test_a_second_evaluation_gives_the_same_result(scored, toy: ToyWorld) -> None:
    assert without_times(score(toy.folder)) == without_times(scored)


def test_a_metric_without_its_evaluator_has_no_score_and_says_what_it_needs(scored) -> None:
    record = without_times(scored)
    assert record["metrics"]["lpips"]["needs"] == "--metric-weights DIR"
    assert "needs" not in record["metrics"]["l1"]
    lpips = record["models"]["thin_plate"]["metrics"]["lpips"]
    assert (lpips["mean"], lpips["takes"]) == (None, [None, None])


def test_the_json_has_means_protocol_and_pairs(scored, toy: ToyWorld) -> None:
    record = without_times(scored)
    assert record["schema"] == 1
    assert record["protocol"]["stride"] == 2
    assert record["protocol"]["reenactment"] == "self"
    assert record["data"]["takes"] == ["a", "b"]
    assert record["data"]["drivers_sha256"][0] == sha256_of(toy.folder / "a.mp4")
    assert set(record["judges"]) == {"landmarks", "shape"}
    assert record["models"]["thin_plate"]["motion"]["motion"] == "absolute"
    l1 = record["models"]["thin_plate"]["metrics"]["l1"]
    assert l1["mean"] == scored.mean("thin_plate", "l1")
    assert l1["better_than_still"] == 1


def test_a_driver_is_tracked_once_for_all_candidates(toy: ToyWorld, monkeypatch) -> None:
    tracked: list[Path] = []

    def track(given: InputFile, *arguments: object, **named: object) -> object:
        tracked.append(given.path)
        return driver.track_driver(given, *arguments, **named)

    monkeypatch.setattr("animate_cli.stages.pass_one.track_driver", track)
    path = toy.driver("a.mp4", frames=5)
    result = score(toy.folder, Candidate(name="again", model="thin_plate"))
    assert tracked.count(path) == 1
    both = (result.column(name, "l1").tolist() for name in ("thin_plate", "again"))
    assert next(both) == next(both)


def test_all_candidates_have_one_source_and_one_anchor(toy: ToyWorld, monkeypatch) -> None:
    opened: list[tuple[PreparedSource, int]] = []

    class Watched(Animator):
        def open_scene(self, source, driver, **named):
            scene = super().open_scene(source, driver, **named)
            opened.append((source, scene.anchor))
            return scene

    monkeypatch.setattr("animate_cli.evaluate.runner.clip_run.Animator", Watched)
    monkeypatch.setattr(Animator, "with_options", lambda self, o: type(self)(o))
    toy.driver("a.mp4", frames=5)
    toy.driver("b.mp4", frames=5)
    again = Candidate(name="again", model="thin_plate")
    score(toy.folder, again, reenactment=Reenactment.CROSS, pairs=1)
    (source, anchor), (other, same) = opened
    assert source is other
    assert anchor == same


def test_lost_frames_are_left_out_and_counted(toy: ToyWorld) -> None:
    toy.driver("gap.mp4", frames=12, without_face=(5, 6, 7, 8))
    result = score(toy.folder)
    assert (result.scored, result.lost) == (3, 2)


def test_a_clip_without_a_face_is_skipped_and_the_others_count(toy: ToyWorld) -> None:
    toy.driver("empty.mp4", frames=4, without_face=range(4))
    with pytest.raises(FaceError, match="none of the 1 clips"):
        score(toy.folder)
    toy.driver("good.mp4", frames=6)
    result = score(toy.folder)
    assert result.pairs == ("good",)
    assert [one.name for one in result.skipped] == ["empty"]


def test_a_cap_is_as_if_the_clip_were_shorter(toy: ToyWorld) -> None:
    toy.driver("long.mp4", frames=12)
    assert score(toy.folder, cap=5).frames == 5
    assert score(toy.folder, cap=5).scored == 2


def test_no_frame_after_the_cap_is_tracked(toy: ToyWorld, monkeypatch) -> None:
    tracked: list[int] = []

    def track(given: InputFile, *arguments: object, **named: object) -> object:
        found = driver.track_driver(given, *arguments, **named)
        tracked.append(len(found.trajectory))
        return found

    monkeypatch.setattr("animate_cli.stages.pass_one.track_driver", track)
    toy.driver("long.mp4", frames=12)
    score(toy.folder, cap=5)
    assert 5 in tracked
    assert 12 not in tracked


def test_the_error_distribution_is_over_frames(scored, toy: ToyWorld) -> None:
    protocol, evaluators = Protocol(stride=2), load_evaluators(None, device="cpu")
    clip_evaluator = ClipEvaluator(
        read_candidates([]),
        evaluators,
        metric_catalog(protocol, evaluators),
        protocol,
        ComputeOptions(device="cpu", threads=1),
    )
    pairs = clip_pairs(read_clips(toy.folder, "val"), protocol)
    by_pair = [clip_evaluator.run(pair, lambda _: None).landmark_errors for pair in pairs]
    errors = np.concatenate(by_pair, axis=2)[0, 0]
    record = without_times(scored)["ced"]
    curve = record["models"][STILL]["landmarks"]
    assert errors.shape == (scored.scored,)
    for place, share in zip(record["places"], curve, strict=True):
        assert share == pytest.approx(sum(e <= place for e in errors) / len(errors))
    assert 0 < curve[-1] < 1
    assert list(record["models"]["thin_plate"]) == ["landmarks"]
    assert record["models"]["thin_plate"]["landmarks"][-1] == 1


def test_cross_reenactment_has_the_metrics_that_need_no_target(toy: ToyWorld) -> None:
    toy.driver("a.mp4", frames=5)
    toy.driver("b.mp4", frames=5)
    result = score(toy.folder, reenactment=Reenactment.CROSS, pairs=2)
    names = {metric.name for metric in result.metrics}
    assert "identity" in names
    assert "l1" not in names
    assert sorted(result.pairs) == ["a--b", "b--a"]
    assert result.scored == 6


def test_a_result_is_read_back_as_it_was_written(scored) -> None:
    text = scored.to_json()
    assert parse_result(json.loads(text), "r").to_json() == text


def test_unknown_models_are_refused() -> None:
    with pytest.raises(OptionError, match="no model named 'thick_plate'"):
        read_candidates(["thick_plate"])


def test_models_render_in_single_precision(toy: ToyWorld, monkeypatch) -> None:
    """In lower precision the last digits depend on the number of frames in a batch."""
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
