"""Table: the default model, trained alike with the landmarks of each detector.

Zhao et al. 2021, table 5, right half: small equal budgets, 68 points, perceptual loss only; L1,
LPIPS and SSIM on people nobody has trained on, each model driven by its own detector's points.

    LANDMARKS_STATIC=before_sbr.safetensors .venv/bin/python \
        -m pytest -m slow -s tests/benchmarks/test_detector_table.py

The files are those of `test_landmark_table`; a row whose file is not given is left out. Relabelled
clips and trainings are kept, with the runs, and gone on with.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from argmax_readout import ArgmaxLandmarker, read_network
from dlib_predictor import DlibLandmarker
from labelled import ARGMAX, DLIB, SBR, STATIC, given
from places import EXAMPLES
from relabel import relabel

from animate_cli import hub
from animate_cli.evaluate.clips.candidate import STILL, read_candidates
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol, Scheme, apply_scheme
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.faces.landmarks.network import Landmarker
from animate_cli.options import ComputeOptions
from animate_cli.train.engine.loop import train
from animate_cli.train.recipe import read_recipe, with_overrides

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3 * 3600)]

RECIPE = EXAMPLES / "recipes" / "detectors.toml"
EVERY = 5  # frames that are labelled, trained on and scored
PROTOCOL = apply_scheme(Scheme.LANDMARK_DRIVEN, Protocol(stride=EVERY, cap=51))
FIGURES = ("l1", "lpips", "ssim")
LPIPS_FILES = ("lpips_heads_v0.1.safetensors", "squeezenet1_1_fp16.safetensors")


def detectors() -> dict[str, LandmarkDetector]:
    """Those of the landmark table whose weights are at hand."""
    final = read_network(given(SBR) or hub.verified_path("landmarks"))
    found: dict[str, LandmarkDetector] = {}
    predictor = given(DLIB) or hub.runs_dir() / "dlib" / "predictor.dat"
    if predictor.is_file():
        found["dlib"] = DlibLandmarker(predictor)
    static = given(STATIC)
    if argmax := given(ARGMAX) or static:
        found["argmax"] = ArgmaxLandmarker(read_network(argmax))
    if static:
        found["dsnt"] = Landmarker(read_network(static))
    return found | {"dsnt_sbr": Landmarker(final)}


def score(root: Path, weights: Path, teachers: Path, compute: ComputeOptions) -> dict[str, float]:
    """Figures of the trained model, and of the baselines under the same points."""
    candidates = read_candidates([f"sparse_to_dense:{weights}"])
    result = evaluate(
        candidates,
        clip_pairs(read_clips(root, "val"), PROTOCOL),
        load_evaluators(teachers, device="cpu"),
        protocol=PROTOCOL,
        data=root,
        split="val",
        compute=compute,
        observer=EvaluationObserver(),
    )
    names = {STILL: STILL, "thin_plate": "thin_plate", "trained": candidates[-1].name}
    return {f"{who} {f}": result.mean(name, f) for who, name in names.items() for f in FIGURES}


@pytest.fixture(scope="module")
def table(data: Path) -> dict[str, dict[str, float]]:
    folder = hub.runs_dir() / "detectors"
    known = detectors()
    relabel(data, folder / "data", known, terms="", every=EVERY)
    recipe = read_recipe(RECIPE)
    evaluators = folder / "evaluators"
    evaluators.mkdir(parents=True, exist_ok=True)
    for name in LPIPS_FILES:
        shutil.copyfile(data / "teachers" / name, evaluators / name)
    figures = {}
    for name in known:
        root = folder / "data" / name
        shutil.copytree(evaluators, root / "teachers", dirs_exist_ok=True)
        trained = train(
            with_overrides(recipe, data=root, steps=None),
            folder / name,
            on_log=lambda _logged: None,
        )
        figures[name] = score(root, trained.weights, evaluators, ComputeOptions(device="cpu"))
        print(name, {k: round(v, 4) for k, v in figures[name].items()}, flush=True)
    path = folder / "table.json"
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    print(path)
    return figures


def test_every_detectors_points_teach_motion(table: dict[str, dict[str, float]]) -> None:
    for name, row in table.items():
        assert row["trained lpips"] < row["still lpips"], name
        assert row["trained l1"] < row["still l1"], name


def test_steady_landmarks_draw_better_than_dlibs(table: dict[str, dict[str, float]]) -> None:
    """The paper's first and last row."""
    if "dlib" not in table:
        pytest.skip("dlib's predictor is not at hand: test_landmark_table trains it")
    assert table["dsnt_sbr"]["trained lpips"] < table["dlib"]["trained lpips"]
