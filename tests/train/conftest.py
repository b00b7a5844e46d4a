"""Fixtures: a toy training run, and a minimal data folder."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from places import EXAMPLES
from toy_objective import PLAN, Line

from animate_cli.faces.points import MEDIAPIPE
from animate_cli.train.engine import loop
from animate_cli.train.recipe import LogRecipe, Recipe, StepRecipe
from animate_cli.train.samples.samples import is_dev


@pytest.fixture
def plan() -> StepRecipe:
    """Twenty steps, evaluated and saved every five."""
    return PLAN


@pytest.fixture
def run(monkeypatch, tmp_path) -> Callable[..., loop.TrainingSummary]:
    """Train the toy objective in a folder of that name."""

    def go(
        name: str,
        plan: StepRecipe = PLAN,
        line: object | None = None,
        *,
        log: LogRecipe | None = None,
        init: str = "",
        on_log: Callable[[loop.LogEntry], None] = lambda logged: None,
        on_step: Callable[[loop.LogEntry], None] = lambda logged: None,
    ) -> loop.TrainingSummary:
        objective = line or Line()
        monkeypatch.setattr(loop, "build_objective", lambda recipe: objective)
        log = log or LogRecipe()
        recipe = Recipe(objective="line", name=name, steps=plan, log=log, init=init)
        return loop.train(recipe, tmp_path / name, on_log=on_log, on_step=on_step)

    return go


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One clip each of two people: one to train on, one in the dev set."""
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


@pytest.fixture
def pictures(data: Path) -> Path:
    """The same folder with a grey picture of each person, labelled as the clip's first frame."""
    with (data / "manifest.csv").open("a", encoding="utf-8", newline="") as file:
        for clip in sorted(data.glob("*.mp4")):
            name = f"{clip.stem}_picture.png"
            cv2.imwrite(str(data / name), np.full((256, 256, 3), 128, np.uint8))
            with np.load(clip.with_suffix(".npz"), allow_pickle=False) as labels:
                points = labels["landmarks"][0].astype(np.float32)
            np.savez(data / f"{clip.stem}_picture.npz", landmarks=points)
            csv.writer(file).writerow((name, "train", "image", clip.stem, "permissive"))
    return data
