"""The matte's objective on the example driver: from a data folder to a network in use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from animate_cli.errors import WeightsError
from animate_cli.faces.segmentation.face_parsing import Labels
from animate_cli.faces.segmentation.matte import load_matte
from animate_cli.records import Image
from animate_cli.train.engine.loop import train
from animate_cli.train.objectives import matte
from animate_cli.train.objectives.find import build_objective
from animate_cli.train.objectives.matte import MatteObjective
from animate_cli.train.recipe import DataRecipe, Recipe, StepRecipe

SIDE = 64


class RightHalf:
    """A parser for tests: the right half of every picture is a person."""

    name = "right half"

    def __call__(self, frame: Image) -> Labels:
        labels = np.zeros(frame.shape[:2], np.uint8)
        labels[:, frame.shape[1] // 2 :] = 1
        return labels


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matte, "Parser", lambda path, size=448: RightHalf())


def recipe(data: Path, maps: Path, *, steps: int = 2, background_prob: float = 0.0) -> Recipe:
    return Recipe(
        objective="matte",
        name="tiny",
        data=DataRecipe(root=str(data), clip_stride=20),
        steps=StepRecipe(steps=steps, batch=4, warmup_steps=1, learning_rate=1e-2, ema_decay=0.5),
        network={"size": SIDE, "widths": [4, 8], "blocks": 1},
        loss={"maps": str(maps)},
        augment={
            "size": SIDE, "mirror": 0.0, "zoom": 1.0, "shift": 0.0, "noise_px": 0.0,
            "background_prob": background_prob,
        },
    )  # fmt: skip


@pytest.mark.usefixtures("parsed")
def test_the_person_is_marked_in_every_square(data: Path, tmp_path: Path) -> None:
    built = build_objective(recipe(data, tmp_path / "maps"))
    batch = built.batch(3, np.random.default_rng(0))
    assert batch["face"].shape == (3, 3, SIDE, SIDE)
    person = batch["person"].float() / 255
    assert (person[..., SIDE // 2 + 4 :] == 1).all()
    assert (person[..., : SIDE // 2 - 4] == 0).all()


@pytest.mark.usefixtures("parsed")
def test_before_another_background_the_person_is_marked_all_the_same(
    data: Path, tmp_path: Path
) -> None:
    built = build_objective(recipe(data, tmp_path / "maps", background_prob=1.0))
    kept = build_objective(recipe(data, tmp_path / "maps"))
    one, other = (each.batch(1, np.random.default_rng(0)) for each in (built, kept))
    edge = slice(SIDE // 2 - 4, SIDE // 2 + 4)
    assert (one["person"][..., : edge.start] == 0).all()
    assert (one["person"][..., edge.stop :] >= 254).all()
    assert not torch.equal(one["face"][..., : edge.start], other["face"][..., : edge.start])


@pytest.mark.usefixtures("parsed")
def test_it_learns_and_its_weights_load(data: Path, tmp_path: Path) -> None:
    plan = recipe(data, tmp_path / "maps", steps=40)
    built = build_objective(plan)
    assert isinstance(built, MatteObjective)
    before = built.evaluate(built.network)
    done = train(plan, tmp_path / "run", on_log=lambda logged: None)
    network = load_matte(str(done.weights))
    after = built.evaluate(network)
    assert after["score"] < 0.5 * before["score"]
    assert after["iou"] > 80
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_missing_parser_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="does not exist"):
        build_objective(recipe(data, tmp_path / "maps"))
