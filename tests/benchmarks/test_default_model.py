"""Bars of the default model: on people nobody has trained on, against baselines of the same run.

DEFAULT_MODEL=MODEL[:FILE] (environment) tries other weights than the shipped ones.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from animate_cli import hub
from animate_cli.cli.score_table import show_scores
from animate_cli.evaluate.clips.candidate import STILL, read_candidates
from animate_cli.evaluate.clips.clip_pairs import ClipPair, clip_pairs, read_clips
from animate_cli.evaluate.metrics.networks.evaluators import EvaluatorName, load_evaluators
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.evaluate.result import Result
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver
from animate_cli.options import ComputeOptions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * 3600)]

MODEL = os.environ.get("DEFAULT_MODEL", "sparse_to_dense")
PRIOR = "thin_plate"


class Printer(EvaluationObserver):
    def on_pair_start(self, number: int, pair: ClipPair) -> None:
        print(number + 1, pair.name, flush=True)


def score(data: Path, reenactment: Reenactment) -> tuple[Result, str]:
    """The evaluation, and the model's name in it."""
    if ":" not in MODEL and all(entry.name != MODEL for entry in hub.registry()):
        pytest.skip(f"{MODEL} has no weights in the registry; DEFAULT_MODEL=MODEL:FILE names some")
    protocol = Protocol(reenactment=reenactment)
    candidates = read_candidates([MODEL])
    result = evaluate(
        candidates,
        clip_pairs(read_clips(data, "val"), protocol),
        load_evaluators(data / "teachers", device="cpu"),
        protocol=protocol,
        data=data,
        split="val",
        compute=ComputeOptions(device="cpu"),
        observer=Printer(),
    )
    show_scores(result)
    assert not result.skipped
    missing = {one.evaluator for one in result.metrics if one.needs}
    assert missing <= {EvaluatorName.ALEXNET, EvaluatorName.VGG16}
    return result, candidates[-1].name


@pytest.fixture(scope="module")
def own(data: Path) -> tuple[Result, str]:
    """Self-reenactment of all clips."""
    return score(data, Reenactment.SELF)


@pytest.fixture(scope="module")
def others(data: Path) -> tuple[Result, str]:
    """Cross-reenactment of 20 pairs."""
    return score(data, Reenactment.CROSS)


@pytest.mark.parametrize(
    ("metric", "most"),
    [
        ("l1", 0.84),
        ("lpips", 0.75),
        ("face_l1", 0.80),
        ("mouth_l1", 0.75),
        ("eyes_l1", 0.75),
        ("akd_openseeface", 0.95),
    ],
)
def test_errors_are_this_share_of_the_thin_plates(own, metric: str, most: float) -> None:
    result, model = own
    assert result.mean(model, metric) <= most * result.mean(PRIOR, metric)


def test_structure_is_better_than_the_thin_plates(own) -> None:
    result, model = own
    assert result.mean(model, "ssim") >= result.mean(PRIOR, "ssim") + 0.02


@pytest.mark.parametrize("metric", ["lids_corr", "lips_corr", "lids_corr_pfld", "lips_corr_pfld"])
def test_lids_and_lips_follow_better_than_the_thin_plates(own, metric: str) -> None:
    result, model = own
    assert result.mean(model, metric) > result.mean(PRIOR, metric)


@pytest.mark.parametrize("metric", ["l1", "lpips", "akd", "akd_openseeface"])
def test_errors_are_less_than_the_still_sources(own, metric: str) -> None:
    result, model = own
    assert result.mean(model, metric) < result.mean(STILL, metric)


@pytest.mark.parametrize("metric", ["psnr", "ssim", "ms_ssim"])
def test_likeness_is_more_than_the_still_sources(own, metric: str) -> None:
    result, model = own
    assert result.mean(model, metric) > result.mean(STILL, metric)


@pytest.mark.parametrize("metric", ["l1", "lpips"])
def test_most_clips_are_better_than_still(own, metric: str) -> None:
    result, model = own
    assert result.better_share(model, STILL, metric) >= 0.8


def test_a_model_trained_on_lpips_is_better_by_other_metrics_too(own) -> None:
    result, model = own
    if "lpips" not in result.model(model).trained_metrics:
        pytest.skip("these weights were not trained on LPIPS")
    others = {"identity": 1, "akd_openseeface": -1, "akd_pfld": -1}
    gains = {m: s * (result.mean(model, m) - result.mean(PRIOR, m)) for m, s in others.items()}
    assert max(gains.values()) > 0, gains


def test_another_driver_leaves_the_identity(own, others) -> None:
    (mine, model), (crossed, _) = own, others
    assert crossed.mean(model, "identity") >= 0.85 * mine.mean(model, "identity")


@pytest.mark.parametrize("evaluator", [EvaluatorName.SHAPE, EvaluatorName.HEAD_POSE])
def test_another_drivers_pose_is_met(others, evaluator: EvaluatorName) -> None:
    result, model = others
    assert result.mean(model, f"pose_error_{evaluator}") <= 4


@pytest.mark.parametrize("metric", ["lids_corr", "lips_corr"])
def test_lids_and_lips_follow_another_driver(others, metric: str) -> None:
    result, model = others
    assert result.mean(model, metric) >= 0.8
