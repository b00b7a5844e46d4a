"""From a data folder to a network in use: the example driver is the data, its truth the labels."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from animate_cli import hub
from animate_cli.faces.landmarks import LandmarkConfig, Landmarker, LandmarkNet
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.layers.state import fill, read_config
from animate_cli.train.data import is_dev

EXAMPLES = Path(__file__).parents[2] / "examples"
RECIPE = """
objective = "landmarks"
name = "smoke"
data.clip_stride = 40
steps.steps = 2
steps.batch = 2
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two people who look alike: one to train on, one kept apart."""
    folder = tmp_path / "data"
    folder.mkdir()
    names = [f"person{n}" for n in range(100)]
    chosen = [next(n for n in names if is_dev(n) is kept) for kept in (False, True)]
    with np.load(EXAMPLES / "driver_truth.npz", allow_pickle=False) as truth:
        labels = np.zeros((len(truth["landmarks"]), 478, 2), np.float16)
        labels[:, MEDIAPIPE] = truth["landmarks"]
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        manifest = csv.writer(file)
        manifest.writerow(("file", "split", "kind", "identity", "terms"))
        for name in chosen:
            shutil.copy(EXAMPLES / "driver.mp4", folder / f"{name}.mp4")
            np.savez(folder / f"{name}.npz", landmarks=labels)
            manifest.writerow((f"{name}.mp4", "train", "clip", name, "permissive"))
    return folder


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
    metadata, tensors = hub.read(Path(done.stdout.strip()))
    network = LandmarkNet(read_config(LandmarkConfig, metadata, where="smoke"))
    fill(network, tensors, where="smoke")
    landmarker = Landmarker(network)
    size = landmarker.size
    points, sure = landmarker(np.full((2, size, size, 3), 128, np.uint8))
    assert points.shape == (2, 74, 2)
    assert sure.shape == (2, 74)
    assert np.isfinite(points).all()
