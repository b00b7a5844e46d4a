"""From a data folder to a network in use: the example driver is the data, its truth the labels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from animate_cli import hub
from animate_cli.faces.landmarks import LandmarkConfig, Landmarker, LandmarkNet
from animate_cli.layers.state import fill, read_config

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
    metadata, tensors = hub.read(Path(done.stdout.strip()))
    network = LandmarkNet(read_config(LandmarkConfig, metadata, where="smoke"))
    fill(network, tensors, where="smoke")
    landmarker = Landmarker(network)
    size = landmarker.size
    points, sure = landmarker(np.full((2, size, size, 3), 128, np.uint8))
    assert points.shape == (2, 74, 2)
    assert sure.shape == (2, 74)
    assert np.isfinite(points).all()
