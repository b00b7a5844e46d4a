"""The default model's objective on the example driver: from a data folder to a model in use."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.models.sparse_to_dense.model import create_model
from animate_cli.models.sparse_to_dense.presets import NetworkSize
from animate_cli.records import Image
from animate_cli.train.engine.loop import train
from animate_cli.train.objective import Batch
from animate_cli.train.objectives.find import build_objective
from animate_cli.train.objectives.sparse_to_dense import objective as sparse_to_dense
from animate_cli.train.objectives.sparse_to_dense.objective import SparseToDenseObjective
from animate_cli.train.recipe import DataRecipe, Recipe, StepRecipe

SIDE = 128


def recipe(data: Path, **loss: float | str) -> Recipe:
    return Recipe(
        objective="sparse_to_dense",
        name="tiny",
        data=DataRecipe(root=str(data), clip_stride=30),
        steps=StepRecipe(steps=2, batch=2, warmup_steps=1, evaluate_every=2, save_every=2),
        loss={"perceptual": 0.0, **loss},
        augment={"size": SIDE},
    )


@pytest.fixture
def objective(data: Path) -> SparseToDenseObjective:
    built = build_objective(recipe(data))
    assert isinstance(built, SparseToDenseObjective)
    return built


def draw(objective: SparseToDenseObjective) -> Batch:
    return objective.batch(2, np.random.default_rng(0))


def test_a_batch_is_pairs_with_the_prior_between_them(objective: SparseToDenseObjective) -> None:
    batch = draw(objective)
    assert batch["source"].shape == batch["driver"].shape == (2, 3, SIDE, SIDE)
    assert batch["source_px"].shape == (2, 74, 2)
    assert batch["prior"].shape == (2, SIDE, SIDE, 2)
    again = draw(objective)
    assert all(torch.equal(value, again[key]) for key, value in batch.items())


def test_the_loss_is_the_weighted_sum_of_its_parts(data: Path) -> None:
    built = build_objective(recipe(data, l1=2.0, warped=3.0, painted=0.5, regular=0.25, mask=0.125))
    assert isinstance(built, SparseToDenseObjective)
    total, parts = built.loss(built.network, draw(built))
    expected = 2 * parts["l1"] + 3 * parts["warped"] + 0.5 * parts["painted"]
    expected += 0.25 * parts["regular"] + 0.125 * parts["mask"]
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_people_stand_before_backdrops_as_often_as_it_says(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left_half(frame: Image) -> np.ndarray:
        return (np.indices(frame.shape[:2])[1] < frame.shape[1] // 2).astype(np.uint8)

    left_half.name = "left half"  # type: ignore[attr-defined]
    monkeypatch.setattr(sparse_to_dense, "Parser", lambda path, *, size: left_half)
    plain = recipe(data, maps=str(data / "maps"))
    augment = {
        **plain.augment,
        "mirror": 0,
        "zoom": 1,
        "shift": 0,
        "colour": 0,
        "background_prob": 0.5,
    }
    cut = replace(plain, data=replace(plain.data, cutouts=1), augment=augment)
    batch = build_objective(cut).batch(24, np.random.default_rng(0))
    right = batch["source"][..., 3 * SIDE // 4 :].float()
    usual = np.median(right.mean(dim=(1, 2, 3)))
    with_overrides = ((right.mean(dim=(1, 2, 3)) - usual).abs() > 8).sum().item()
    assert 5 <= with_overrides <= 19
    assert sorted((data / "maps").glob("*.npz"))


@pytest.mark.parametrize("size", [NetworkSize.FAST])
def test_every_weight_of_the_network_learns(data: Path, size: NetworkSize) -> None:
    objective = build_objective(replace(recipe(data), network={"size": size.value}))
    assert isinstance(objective, SparseToDenseObjective)
    with torch.no_grad():  # heads start at zero, what is behind them would not learn yet
        for tensor in objective.network.parameters():
            tensor.add_(0.01 * torch.randn(tensor.shape))
    objective.loss(objective.network, draw(objective))[0].backward()
    idle = [
        n for n, p in objective.network.named_parameters() if p.grad is None or not p.grad.any()
    ]
    assert not idle


def test_a_sheet_has_a_row_per_pair(objective: SparseToDenseObjective) -> None:
    sheet = objective.sheet(objective.network)
    assert sheet.shape[1] == 6 * SIDE
    assert sheet.dtype == np.uint8


def test_without_the_teacher_s_weights_it_says_which(data: Path) -> None:
    with pytest.raises(WeightsError, match="teachers"):
        build_objective(recipe(data, perceptual=1.0))


@pytest.mark.smoke
def test_two_steps_give_a_model_that_runs(data: Path, tmp_path: Path) -> None:
    trained = train(recipe(data), tmp_path / "run", on_log=lambda logged: None)
    metadata, _ = hub.read(trained.weights)
    assert json.loads(metadata["trained_on"]) == ["landmarks"]
    model = create_model(device="cpu", weights=str(trained.weights))
    face, points = torch.rand(1, 3, 256, 256), 60 + 130 * torch.rand(1, 74, 2)
    with torch.inference_mode():
        source = model.encode_source(face, points)
        rendered, _ = model.render(source, points + torch.randn(3, 74, 2))
    assert rendered.face.shape == (3, 3, 256, 256)
    assert rendered.face.isfinite().all()
