"""The patch networks' objective: a painted eye's gaze is learned, and measured as a slope."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from animate_cli.errors import TrainError
from animate_cli.faces.patch_landmarks.network import PatchConfig, PatchNet
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.train.objectives import patch_landmarks
from animate_cli.train.objectives.patch_landmarks import PatchObjective, build
from animate_cli.train.recipe import DataLayout, DataRecipe, Recipe, SourceRecipe
from animate_cli.train.samples.part_samples import STORED_PX, PartSample, pupil_across
from animate_cli.train.samples.samples import encode_jpeg

SMALL = {"part": "right_eye", "size": 32, "widths": [8, 12, 16, 16]}
CALM = {"damage": dict.fromkeys(("hide", "coarse", "blur", "dark", "grey", "noise"), 0.0)}
RECIPE = Recipe(objective="patch_landmarks", name="eyes", network=SMALL, augment=CALM)


def painted_eye(rng: np.random.Generator, number: int, *, kind: str = "clip") -> PartSample:
    """A white ellipse with a black disc in it, somewhere between its corners."""
    middle, half = STORED_PX / 2, STORED_PX / 1.7 / 1.9 / 2
    look = float(rng.uniform(-0.6, 0.6)) * half
    picture = np.full((STORED_PX, STORED_PX, 3), (190, 140, 120), np.uint8)
    centre = (round(middle), round(middle))
    cv2.ellipse(picture, centre, (round(half), round(half / 2)), 0, 0, 360, (250, 250, 250), -1)
    cv2.circle(picture, (round(middle + look), round(middle)), round(half / 3), (20, 20, 20), -1)
    lids = [(-half, 0), (-half / 2, -0.43), (half / 2, -0.43), (half, 0), (half / 2, 0.43)]
    lids += [(-half / 2, 0.43), (0, -0.5), (0, 0.5)]
    points = [(x, y * half if abs(y) < 1 else y) for x, y in lids] + [(look, 0.0)]
    where = (np.array(points) + middle).astype(np.float32)
    rarity = int(abs(pupil_across(where)) > 0.15)
    jpeg = encode_jpeg(picture)
    return PartSample(jpeg=jpeg, points=where, identity=str(number % 11), kind=kind, rarity=rarity)


@pytest.fixture(scope="module")
def objective() -> Iterator[PatchObjective]:
    rng = np.random.default_rng(0)
    samples = [painted_eye(rng, n) for n in range(120)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patch_landmarks, "DEV_PATCHES", 48)
        yield PatchObjective(RECIPE, samples[20:], samples[:20])


def test_a_batch_holds_patches_and_their_points(objective: PatchObjective) -> None:
    batch = objective.batch(5, np.random.default_rng(1))
    assert batch["images"].shape == (5, 3, 32, 32)
    assert batch["points"].shape == (5, 9, 2)
    assert batch["known"].all()
    again = objective.batch(5, np.random.default_rng(1))
    torch.testing.assert_close(batch["images"], again["images"])


def test_the_gaze_is_learned(objective: PatchObjective) -> None:
    torch.manual_seed(0)
    network = PatchNet(objective.config)
    before = objective.evaluate(network)["real_gaze_x"]
    optimiser = torch.optim.Adam(network.parameters(), 4e-3)
    rng = np.random.default_rng(0)
    for _ in range(90):
        loss, _ = objective.loss(network, objective.batch(16, rng))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    figures = objective.evaluate(network)
    assert abs(before) < 0.3
    assert figures["real_gaze_x"] > 0.5
    assert figures["score"] == pytest.approx(figures["real_error"] + figures["real_pairs"])


def test_exported_weights_carry_their_config(objective: PatchObjective, tmp_path: Path) -> None:
    network = PatchNet(objective.config)
    path = tmp_path / "eyes.safetensors"
    objective.export(network, path)
    with safe_open(path, "pt") as file:
        config = read_config(PatchConfig, file.metadata(), where="eyes")
    load_strictly(PatchNet(config), load_file(path), where="eyes")
    assert config.widths == tuple(SMALL["widths"])


def test_a_sheet_shows_training_and_dev(objective: PatchObjective) -> None:
    sheet = objective.sheet(PatchNet(objective.config))
    assert sheet.ndim == 3
    assert sheet.std() > 10


def test_data_without_frames_is_refused(tmp_path: Path) -> None:
    extra = SourceRecipe(layout=DataLayout.WFLW, root=str(tmp_path))
    recipe = Recipe(
        objective="patch_landmarks",
        name="eyes",
        network=SMALL,
        data=DataRecipe(root="", extra=(extra,)),
    )
    with pytest.raises(TrainError, match="no wflw data"):
        build(recipe)
