"""Every recipe can be read; those of the shipped networks go through all their stages."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from places import EXAMPLES, SHARED
from torch import Tensor, nn

from animate_cli.records import Image
from animate_cli.train.engine.checkpoint import load_checkpoint
from animate_cli.train.engine.loop import LogEntry, TrainingSummary, train
from animate_cli.train.losses.perceptual import Perceptual
from animate_cli.train.objectives import matte
from animate_cli.train.objectives.sparse_to_dense import objective as sparse_to_dense
from animate_cli.train.recipe import Precision, Recipe, read_recipe, with_overrides
from animate_cli.train.samples import pair_batch

RECIPES = EXAMPLES / "recipes"
HEAD = SHARED / "data/ict_face.npz"
STEPS = 2


class MiddleParser:
    """A face parser for tests: the middle half of every picture is skin."""

    name = "middle"

    def __call__(self, frame: Image) -> np.ndarray:
        width = frame.shape[1]
        columns = np.indices(frame.shape[:2])[1]
        return ((columns > width // 4) & (columns < 3 * width // 4)).astype(np.uint8)


class Taps(nn.Module):
    """A frozen network for the perceptual loss, of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, stride=4)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        return [self.conv(pictures)]


def short(recipe: Recipe, data: Path) -> Recipe:
    """Two steps of two samples in every stage, of few frames."""
    told = with_overrides(recipe, data=data, steps=STEPS)
    return replace(told, stage=tuple(_short(stage, data) for stage in told.stages))


def _short(stage: Recipe, data: Path) -> Recipe:
    maps = {"maps": str(data / "maps")} if stage.objective in ("matte", "sparse_to_dense") else {}
    own = stage.data
    return replace(
        stage,
        data=replace(own, clip_stride=20, reposed=min(own.reposed, 2), cutouts=min(own.cutouts, 1)),
        steps=replace(stage.steps, batch=2, workers=0, precision=Precision.FP32),
        loss={**stage.loss, **maps},
    )


def train_all(name: str, data: Path, folder: Path) -> tuple[TrainingSummary, list[str]]:
    """The shipped recipe, short; its stages as they were logged."""
    heard: list[str] = []

    def hear(logged: LogEntry) -> None:
        heard.append(logged.stage)

    recipe = short(read_recipe(RECIPES / f"{name}.toml"), data)
    done = train(recipe, folder, on_log=hear, device=torch.device("cpu"))
    return done, list(dict.fromkeys(heard))


@pytest.mark.parametrize(
    "path", sorted(RECIPES.rglob("*.toml")), ids=lambda path: str(path.relative_to(RECIPES))
)
def test_every_recipe_can_be_read(path: Path) -> None:
    assert read_recipe(path).stages


@pytest.mark.smoke
def test_the_landmark_recipe_goes_through_its_stages(data: Path, tmp_path: Path) -> None:
    done, heard = train_all("landmarks", data, tmp_path / "run")
    assert [label.rpartition(", ")[2] for label in heard] == [
        "labels", "registration", "two_crops", "openings",
    ]  # fmt: skip
    assert done.weights.is_file()


@pytest.mark.smoke
def test_the_matte_recipe_goes_through_its_stages(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matte, "Parser", lambda path, size=448: MiddleParser())
    done, heard = train_all("matte", pictures, tmp_path / "run")
    assert [label.rpartition(", ")[2] for label in heard] == [
        "128_pixels", "256_pixels", "portraits",
    ]  # fmt: skip
    assert done.weights.is_file()


@pytest.mark.smoke
@pytest.mark.skipif(not HEAD.is_file(), reason="needs the scanned head model beside the checkout")
def test_the_shape_recipe_goes_through_its_stage(pictures: Path, tmp_path: Path) -> None:
    shutil.copy(HEAD, pictures / HEAD.name)
    done, _ = train_all("shape", pictures, tmp_path / "run")
    assert done.weights.is_file()


@pytest.mark.smoke
def test_the_default_model_s_recipe_goes_through_its_stages(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparse_to_dense, "Parser", lambda path, size=448: MiddleParser())
    monkeypatch.setattr(
        sparse_to_dense, "load_perceptual", lambda kind, folder, scales: Perceptual(Taps())
    )
    monkeypatch.setattr(pair_batch, "DEV_PAIRS", 2)
    done, heard = train_all("sparse_to_dense", pictures, tmp_path / "run")
    assert [label.rpartition(", ")[2] for label in heard] == [
        "128_pixels", "256_pixels", "people", "layers", "lids", "registered", "mouth", "body",
        "half_rate",
    ]  # fmt: skip
    assert done.steps == STEPS * len(heard)
    assert load_checkpoint(tmp_path / "run" / "last.pt").stage == len(heard)
    names = {path.name for path in (tmp_path / "run").glob("*.safetensors")}
    assert names == {f"stage_{n}.safetensors" for n in range(1, 9)} | {"best.safetensors"}
