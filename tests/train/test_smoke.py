"""From a data folder to a network in use: the example driver is the data, its truth the labels."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from places import SHARED

from animate_cli import hub
from animate_cli.faces.landmarks.network import LandmarkConfig, Landmarker, LandmarkNet
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.faces.shape3d import model as shape
from animate_cli.faces.shape3d.fit import fit
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.train.engine.loop import train
from animate_cli.train.recipe import DataRecipe, Recipe, StepRecipe

HEAD = SHARED / "data/ict_face.npz"

RECIPE = """
objective = "landmarks"
name = "smoke"
data.clip_stride = 40
steps.steps = 2
steps.batch = 2
"""


@pytest.mark.smoke
def test_two_steps_give_a_network_that_runs(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "smoke.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    words = ("train", str(recipe), "--data", str(data), "--output", str(tmp_path / "run"))
    done = subprocess.run(
        [sys.executable, "-m", "animate_cli", *words, "--threads", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    points, sure = landmarks_by(Path(done.stdout.strip()))
    assert points.shape == (2, 74, 2)
    assert sure.shape == (2, 74)
    assert np.isfinite(points).all()


@pytest.mark.smoke
def test_two_steps_of_registration_give_a_network_that_runs(data: Path, tmp_path: Path) -> None:
    recipe = two_steps("landmarks_sbr", data, stride=40)
    points, _ = landmarks_by(train(recipe, tmp_path / "run", on_log=lambda logged: None).weights)
    assert np.isfinite(points).all()


@pytest.mark.smoke
@pytest.mark.skipif(not HEAD.is_file(), reason="needs the scanned head model beside the checkout")
def test_two_steps_give_a_shape_model_that_fits(pictures: Path, tmp_path: Path) -> None:
    data = pictures
    shutil.copy(HEAD, data / HEAD.name)
    recipe = two_steps("shape", data, stride=1)
    trained = train(recipe, tmp_path / "run", on_log=lambda logged: None)
    metadata, tensors = hub.read(trained.weights)
    model = shape.from_tensors(metadata, tensors, where="smoke")
    clip = next(data.glob("*.mp4"))
    with np.load(clip.with_suffix(".npz"), allow_pickle=False) as labels:
        points = torch.from_numpy(labels["landmarks"][:3, MEDIAPIPE].astype(np.float32))
    assert fit(model, points, torch.ones(3, 74)).identity.isfinite().all()


def two_steps(objective: str, data: Path, *, stride: int) -> Recipe:
    return Recipe(
        objective=objective,
        name="smoke",
        data=DataRecipe(root=str(data), clip_stride=stride),
        steps=StepRecipe(steps=2, batch=2, warmup_steps=1),
    )


def landmarks_by(weights: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points and their confidence on two grey squares."""
    metadata, tensors = hub.read(weights)
    network = LandmarkNet(read_config(LandmarkConfig, metadata, where="smoke"))
    load_strictly(network, tensors, where="smoke")
    landmarker = Landmarker(network)
    size = landmarker.size
    return landmarker(np.full((2, size, size, 3), 128, np.uint8))
