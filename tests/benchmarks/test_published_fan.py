"""Our FAN is the published one: the package face-alignment, in an environment of its own, agrees.

    FACE_ALIGNMENT_PYTHON=that/environment/bin/python \
        .venv/bin/python -m pytest -m slow -s tests/benchmarks/test_published_fan.py

The package cannot live beside us (it replaces OpenCV), so its interpreter is asked by a script.
With 2D-FAN-4's published weights in that package's cache they are compared, else random ones.
"""

import os
import subprocess

import numpy as np
import pytest
import torch
from argmax_readout import highest

from animate_cli.faces.landmarks.import_2dfan import PUBLISHED, SHARPNESS, from_2dfan
from animate_cli.faces.landmarks.network import LandmarkNet
from animate_cli.layers.weight_io import load_strictly

INTERPRETER = os.environ.get("FACE_ALIGNMENT_PYTHON")

THEIRS = """
import sys
from pathlib import Path
import numpy as np, torch
from face_alignment.models import FAN
from face_alignment.utils import get_preds_fromhm

folder, wanted = Path(sys.argv[1]), sys.argv[2]
torch.manual_seed(0)
network = FAN(4)
cached = sorted((Path(torch.hub.get_dir()) / "checkpoints").glob("2DFAN4-*.pth.tar"))
if wanted == "published":
    if not cached:
        sys.exit(3)
    network.load_state_dict(torch.load(cached[-1], map_location="cpu", weights_only=True))
else:
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
squares = torch.rand(2, 3, 256, 256)
with torch.inference_mode():
    maps = network.eval()(squares)[-1]
points, _, _ = get_preds_fromhm(maps.numpy())
torch.save(network.state_dict(), folder / "fan.pt")
np.savez(folder / "fan.npz", squares=squares.numpy(), maps=maps.numpy(), points=points)
"""


@pytest.fixture(params=["random", "published"])
def theirs(request, tmp_path):
    """The package's state dict, and its heatmaps and points of two squares."""
    if INTERPRETER is None:
        pytest.skip("FACE_ALIGNMENT_PYTHON does not name an interpreter with face-alignment")
    command = [INTERPRETER, "-c", THEIRS, str(tmp_path), request.param]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip("2D-FAN-4's published weights are not in face-alignment's cache")
    assert done.returncode == 0, done.stderr
    state = torch.load(tmp_path / "fan.pt", weights_only=True)
    with np.load(tmp_path / "fan.npz", allow_pickle=False) as said:
        return state, dict(said)


@pytest.mark.slow
def test_same_weights_same_heatmaps_same_points(theirs):
    state, said = theirs
    config, tensors = from_2dfan(state)
    network = LandmarkNet(config).eval()
    load_strictly(network, tensors, where="face-alignment")
    with torch.inference_mode():
        maps = network(torch.from_numpy(said["squares"]))[-1][:, :PUBLISHED] / SHARPNESS
    scale = np.abs(said["maps"]).max()
    assert np.abs(maps.numpy() - said["maps"]).max() < 1e-4 * scale
    points = highest(torch.from_numpy(said["maps"]))
    inside = ((points > 0.9) & (points < 62.1)).all(dim=-1).numpy()
    assert inside.any()
    centre = 0.5  # theirs counts a cell's centre as half a cell
    assert points.numpy()[inside] + centre == pytest.approx(said["points"][inside], abs=1e-6)
