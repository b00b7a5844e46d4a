"""FID: its formula, the shape of its network, and its score in an evaluation.

The published weights are not here: where a network is needed its tensors are RANDOM, under the
published names, and figures mean nothing but that they are the right function of the features.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toy_world import ToyWorld

from animate_cli.errors import WeightsError
from animate_cli.evaluate.clips.candidate import STILL, read_candidates
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.metrics.images.fid import feature_statistics, frechet_distance
from animate_cli.evaluate.metrics.networks.evaluators import (
    EvaluatorName,
    EvaluatorNetworks,
    load_evaluators,
)
from animate_cli.evaluate.protocol import Protocol
from animate_cli.evaluate.report.score_cells import footnotes
from animate_cli.evaluate.result import Result
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver, ScoredFrame
from animate_cli.layers.pretrained.inception import FILE, Inception, load_inception
from animate_cli.options import ComputeOptions

RNG = np.random.default_rng(0)


def naive(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Of features (N, D), by singular values of their mutual products: no covariance is built."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    x, y = ((f - f.mean(axis=0)) / np.sqrt(len(f) - 1) for f in (a, b))
    mixed = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    apart = ((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum()
    return float(apart + (x**2).sum() + (y**2).sum() - 2 * mixed)


def test_the_formula_by_singular_values_and_by_the_product_of_covariances() -> None:
    one, other = RNG.normal(size=(40, 6)), 2 * RNG.normal(size=(25, 6)) + RNG.normal(size=6)
    found = frechet_distance(feature_statistics(one), feature_statistics(other))
    assert found == pytest.approx(naive(one, other), rel=1e-9)
    covariances = [np.cov(features, rowvar=False) for features in (one, other)]
    roots = np.sqrt(np.linalg.eigvals(covariances[0] @ covariances[1]).astype(complex)).real
    apart = ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum()
    by_hand = apart + sum(np.trace(c) for c in covariances) - 2 * roots.sum()
    assert found == pytest.approx(by_hand, rel=1e-9)


def test_equal_sets_are_not_apart_and_a_shift_is_its_square() -> None:
    one = RNG.normal(size=(30, 5))
    assert frechet_distance(feature_statistics(one), feature_statistics(one)) == pytest.approx(
        0, abs=1e-9
    )
    shift = np.array([1.0, 0, 2, 0, 0])
    assert frechet_distance(
        feature_statistics(one), feature_statistics(one + shift)
    ) == pytest.approx(5)
    assert np.isnan(frechet_distance(feature_statistics(one), feature_statistics(one[:1])))


def test_gathered_in_parts_is_gathered_at_once() -> None:
    one, other = RNG.normal(size=(30, 5)), RNG.normal(size=(30, 5))
    parts = feature_statistics(one[:7]).with_(one[7:8]).with_(one[8:])
    assert frechet_distance(parts, feature_statistics(other)) == pytest.approx(naive(one, other))


def random_tensors() -> dict[str, torch.Tensor]:
    """RANDOM weights under the published file's names, its classifier included."""
    torch.manual_seed(0)
    tensors = {k: v for k, v in Inception().state_dict().items() if "num_batches" not in k}
    return tensors | {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}


def test_tensors_are_named_and_shaped_as_published() -> None:
    tensors = random_tensors()
    assert sum(v.numel() for k, v in tensors.items() if k.endswith(("weight", "bn.bias"))) == (
        21_785_568 + 1008 * 2048
    )
    shapes = {
        "Conv2d_1a_3x3.conv.weight": (32, 3, 3, 3),
        "Conv2d_4a_3x3.bn.running_var": (192,),
        "Mixed_5b.branch_pool.conv.weight": (32, 192, 1, 1),
        "Mixed_5d.branch5x5_2.conv.weight": (64, 48, 5, 5),
        "Mixed_6a.branch3x3.conv.weight": (384, 288, 3, 3),
        "Mixed_6c.branch7x7_2.conv.weight": (160, 160, 1, 7),
        "Mixed_6e.branch7x7dbl_4.conv.weight": (192, 192, 7, 1),
        "Mixed_7a.branch7x7x3_4.conv.weight": (192, 192, 3, 3),
        "Mixed_7b.branch3x3_2b.conv.weight": (384, 384, 3, 1),
        "Mixed_7c.branch3x3dbl_3a.conv.weight": (384, 384, 1, 3),
        "Mixed_7c.branch1x1.conv.weight": (320, 2048, 1, 1),
    }
    for name, shape in shapes.items():
        assert tuple(tensors[name].shape) == shape, name


def test_missing_and_other_weights_are_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    for folder in (None, tmp_path):
        with pytest.raises(WeightsError, match=r"inception \(animate weights fetch inception\)"):
            load_inception(folder)
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / FILE)
    with pytest.raises(WeightsError, match="Missing key"):
        load_inception(tmp_path)


class Watcher(EvaluationObserver):
    """Keeps the pictures: (driver, every output), frame by frame."""

    def __init__(self) -> None:
        self.sets: list[list[NDArray[np.uint8]]] = []

    def on_frame(self, frame: ScoredFrame) -> None:
        self.sets.append([frame.driver, *(one.pixels for one in frame.outputs)])


def score(root: Path, evaluators: EvaluatorNetworks, watcher: EvaluationObserver) -> Result:
    protocol = Protocol(stride=2)
    return evaluate(
        read_candidates([]),
        clip_pairs(read_clips(root, "val"), protocol),
        evaluators,
        protocol=protocol,
        data=root,
        split="val",
        compute=ComputeOptions(device="cpu", threads=1),
        observer=watcher,
    )


def check(result: Result, watcher: Watcher, network) -> None:
    real, *made = (
        np.concatenate([network(_tensor(one)).numpy() for one in pictures])
        for pictures in zip(*watcher.sets, strict=True)
    )
    for candidate, features in zip((STILL, "thin_plate"), made, strict=True):
        expected = naive(real, features)
        assert result.mean(candidate, "fid") == pytest.approx(expected, rel=1e-4, abs=1e-5)
    fid = json.loads(result.to_json())["models"][STILL]["metrics"]["fid"]
    assert fid["takes"] == [None, None]
    assert not any("inception" in note for note in footnotes(result))


def _tensor(pixels: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


class Corners:
    """A network of four features: mean levels of a picture's quarters."""

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(pictures.mean(1, keepdim=True), 2).flatten(1)


@pytest.fixture
def two_clips(toy: ToyWorld) -> Path:
    toy.driver("a.mp4", frames=9)
    toy.driver("b.mp4", frames=6)
    return toy.folder


def test_all_takes_frames_are_one_set(two_clips: Path) -> None:
    network = Corners()
    evaluators = load_evaluators(None, device="cpu")
    absent = tuple(one for one in evaluators.absent if one.evaluator is not EvaluatorName.INCEPTION)
    evaluators = replace(evaluators, inception=network, absent=absent)  # type: ignore[arg-type]
    watcher = Watcher()
    check(score(two_clips, evaluators, watcher), watcher, network)


def test_without_the_network_there_is_no_figure_and_the_reason_is_told(two_clips: Path) -> None:
    result = score(two_clips, load_evaluators(None, device="cpu"), EvaluationObserver())
    assert np.isnan(result.mean(STILL, "fid"))
    notes = footnotes(result)
    assert "n/a, inception: needs inception (animate weights fetch inception)" in notes


@pytest.mark.slow
def test_a_network_of_random_weights_in_the_published_file(two_clips: Path, tmp_path: Path) -> None:
    (tmp_path / "judges").mkdir()
    torch.save(random_tensors(), tmp_path / "judges" / FILE)
    evaluators = load_evaluators(tmp_path / "judges", device="cpu")
    assert evaluators.inception is not None
    pictures = torch.rand(2, 3, 64, 80)
    alone = torch.cat([evaluators.inception(one[None]) for one in pictures])
    torch.testing.assert_close(evaluators.inception(pictures), alone, rtol=1e-4, atol=1e-5)
    watcher = Watcher()
    check(score(two_clips, evaluators, watcher), watcher, evaluators.inception)
