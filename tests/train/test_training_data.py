"""What is trained on, and who steers."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from pts_files import spread, write_pts

from animate_cli.errors import TrainError
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.train.objectives.landmarks.static import build
from animate_cli.train.recipe import DataLayout, DataRecipe, Recipe, SourceRecipe
from animate_cli.train.samples.samples import is_dev
from animate_cli.train.training_data import read_training

FACES = 40


@pytest.fixture
def annotated(tmp_path):
    """Forty pictures of grey with 68 points each."""
    for number in range(FACES):
        path = tmp_path / "pts" / f"face_{number:03d}_1.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((128, 128, 3), 90, np.uint8))
        write_pts(path.with_suffix(".pts"), spread(68, 30, 90) + 1)
    return SourceRecipe(layout=DataLayout.PTS, root=str(tmp_path / "pts"))


def test_further_sources_are_trained_on_and_leave_dev_alone(data, annotated):
    alone = DataRecipe(root=str(data), clip_stride=60)
    bare, more = read_training(alone), read_training(replace(alone, extra=(annotated,)))
    assert [s.identity for s in more.dev] == [s.identity for s in bare.dev]
    kinds = [s.kind for s in more.train]
    assert kinds.count("clip") == len(bare.train)
    assert 0.7 * FACES < kinds.count("pts") < FACES
    assert not any(is_dev(s.identity) for s in more.train)


def test_without_a_root_every_source_keeps_its_tenth_apart(annotated):
    samples = read_training(DataRecipe(root="", extra=(annotated,)))
    assert len(samples.train) + len(samples.dev) == FACES
    assert all(is_dev(s.identity) for s in samples.dev)


def test_a_folder_of_clips_needs_no_manifest(data):
    (data / "manifest.csv").unlink()
    samples = read_training(DataRecipe(root=str(data), clip_stride=60))
    assert {s.identity for s in samples.dev} | {s.identity for s in samples.train} == {
        clip.stem for clip in data.glob("*.mp4")
    }


def test_a_label_may_hold_our_points_already(data):
    recipe = DataRecipe(root=str(data), clip_stride=60)
    before = read_training(recipe).train[0].points
    for label in data.glob("*.npz"):
        with np.load(label, allow_pickle=False) as file:
            ours = file["landmarks"][:, MEDIAPIPE]
        np.savez(label, landmarks=ours)
    np.testing.assert_array_equal(read_training(recipe).train[0].points, before)


def test_a_folder_with_nothing_in_it_is_told(tmp_path):
    with pytest.raises(TrainError, match="no labelled clips"):
        read_training(DataRecipe(root=str(tmp_path)))


def test_what_no_label_names_has_no_pull(annotated):
    recipe = Recipe(
        objective="landmarks",
        name="x",
        data=DataRecipe(root="", extra=(annotated,)),
        network={"size": 64, "width": 16, "stem": 8, "depth": 2},
        augment={"mirror": 1.0},
    )
    objective = build(recipe)
    batch = objective.batch(8, np.random.default_rng(0))
    face = batch["is_face"]
    assert batch["known"][face][:, :68].all()
    assert not batch["known"][:, 68:].any()
    assert not batch["known"][~face].any()
    logits = torch.randn(8, 74, 16, 16, requires_grad=True)
    loss, _ = objective.loss_of([logits], batch)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad[face][:, :68].abs().amax(dim=(2, 3)).min() > 0
    assert logits.grad[face][:, 68:].abs().max() == 0
    figures = objective.evaluate(objective.network)
    assert np.isfinite(figures["score"])
    assert objective.sheet(objective.network).shape[1:] == (8 * 192, 3)
