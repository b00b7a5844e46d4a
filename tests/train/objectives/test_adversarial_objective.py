"""The default model's objective against a critic, with part maps: both play, both are kept."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from places import EXAMPLES

from animate_cli import hub
from animate_cli.models.sparse_to_dense.model import PAPER, create_model
from animate_cli.models.sparse_to_dense.presets import network_config, read_network
from animate_cli.train.engine.checkpoint import load_checkpoint
from animate_cli.train.engine.loop import train
from animate_cli.train.losses.discriminator import DiscriminatorConfig
from animate_cli.train.objective import AdversarialObjective
from animate_cli.train.objectives.find import build_objective
from animate_cli.train.objectives.sparse_to_dense import objective as sparse_to_dense
from animate_cli.train.objectives.sparse_to_dense.loss_terms import LossWeights
from animate_cli.train.objectives.sparse_to_dense.objective import AdversarialSparseToDense
from animate_cli.train.recipe import DataRecipe, Optimiser, Recipe, StepRecipe, read_recipe
from animate_cli.train.samples.pairs import PairAugment
from animate_cli.typed import typed

RECIPES = EXAMPLES / "recipes"


class Halves:
    """A parser for tests: left is one part, right another."""

    name = "halves"

    def __init__(self, path: Path) -> None:
        del path

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        return np.tile((np.arange(frame.shape[1]) > 128).astype(np.uint8), (len(frame), 1))


def recipe(data: Path, **loss: float | str) -> Recipe:
    return Recipe(
        objective="sparse_to_dense",
        name="tiny",
        data=DataRecipe(root=str(data), clip_stride=30),
        steps=StepRecipe(steps=2, batch=2, warmup_steps=1, evaluate_every=2, save_every=2),
        loss={"perceptual": 0.0, **loss},
        augment={"size": 64},
        critic={"width": 4},
    )


def test_without_a_weight_there_is_no_critic(data: Path) -> None:
    assert not isinstance(build_objective(recipe(data)), AdversarialObjective)


def test_each_player_s_loss_teaches_that_player_alone(data: Path) -> None:
    objective = build_objective(recipe(data, gan=0.5))
    assert isinstance(objective, AdversarialSparseToDense)
    assert isinstance(objective, AdversarialObjective)
    batch = objective.batch(2, np.random.default_rng(0))
    losses = objective.gan_losses(objective.network, objective.critic, batch)
    alone, _ = objective.loss(objective.network, batch)
    expected = alone.item() + 0.5 * losses.figures["gan"]
    assert losses.loss.item() == pytest.approx(expected, rel=1e-4)
    losses.loss.backward()
    assert all(weight.grad is None for weight in objective.critic.parameters())
    objective.network.zero_grad()
    losses.critic_loss.backward()
    assert any(weight.grad is not None for weight in objective.critic.parameters())
    assert all(weight.grad is None for weight in objective.network.parameters())


def test_part_maps_take_part_in_the_loss(data: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sparse_to_dense, "Parser", Halves)
    built = build_objective(recipe(data, parsing=1.0, maps=str(tmp_path / "maps")))
    batch = built.batch(2, np.random.default_rng(0))
    assert batch["source_parts"].shape == (2, 64, 64)
    total, figures = built.loss(built.network, batch)
    assert 0 < figures["parsing"] < 0.2
    assert total.isfinite()
    built.export(built.network, tmp_path / "taught.safetensors")
    assert "parsing" in json.loads(hub.read(tmp_path / "taught.safetensors")[0]["trained_on"])


def test_the_paper_s_recipe_is_eq_8_with_swats() -> None:
    paper = read_recipe(RECIPES / "sparse_to_dense_paper.toml")
    loss = typed(LossWeights, paper.loss, where="paper")
    assert loss.l1 == loss.perceptual == loss.gan == loss.parsing == 1
    assert loss.warped == loss.painted == loss.regular == loss.mask == loss.parts == 0
    assert loss.guided == 0
    assert network_config(read_network(paper.network, where="paper")) == PAPER
    assert paper.steps.optimiser is Optimiser.SWATS
    typed(PairAugment, paper.augment, where="paper")
    typed(DiscriminatorConfig, paper.critic, where="paper")


@pytest.mark.smoke
def test_two_steps_against_a_critic_give_a_model_that_runs(data: Path, tmp_path: Path) -> None:
    trained = train(recipe(data, gan=1.0), tmp_path / "run", on_log=lambda logged: None)
    assert load_checkpoint(tmp_path / "run" / "last.pt").critic
    model = create_model(device="cpu", weights=str(trained.weights))
    face, points = torch.rand(1, 3, 256, 256), 60 + 130 * torch.rand(1, 74, 2)
    with torch.inference_mode():
        source = model.encode_source(face, points)
        rendered, _ = model.render(source, points + torch.randn(2, 74, 2))
    assert rendered.face.isfinite().all()
