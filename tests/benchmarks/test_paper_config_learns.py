"""Bar: the default model's `paper` config learns. Too heavy to be trained in earnest on a CPU, it
is shown eight clips, small, until it knows them by heart; and how fast it draws is told.
"""

from __future__ import annotations

import csv
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from places import EXAMPLES

from animate_cli import hub
from animate_cli.data.manifest import CLIP, read_manifest
from animate_cli.layers.grid import warp
from animate_cli.layers.weight_io import load_strictly, read_config
from animate_cli.models.sparse_to_dense.model import PAPER, PRIOR_COARSENESS
from animate_cli.models.sparse_to_dense.network import SparseMotion, SparseMotionConfig
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.train.engine.loop import train
from animate_cli.train.recipe import Optimiser, Precision, read_recipe
from animate_cli.train.samples.pair_batch import picture, stack_pairs
from animate_cli.train.samples.pairs import read_clip_frames, unaugmented
from animate_cli.train.samples.samples import TrainingClip, is_dev

RECIPE = EXAMPLES / "recipes" / "sparse_to_dense_paper.toml"
SIDE, CLIPS, STEPS, BATCH = 64, 8, 600, 8
FRAMES = (0.3, 0.6, 0.9)  # of a clip, drawn from its first


@pytest.fixture(scope="module")
def small(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of eight people, and of one kept apart, whom the trainer asks for."""
    root = tmp_path_factory.mktemp("eight")
    clips = [e for e in read_manifest(data) if (e.kind, e.split) == (CLIP, "train")]
    people = {e.identity: e for e in clips if e.terms == "permissive"}
    shown = [e for e in people.values() if not is_dev(e.identity)][:CLIPS]
    apart = next(e for e in people.values() if is_dev(e.identity))
    with (root / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "split", "kind", "identity"))
        for one in (*shown, apart):
            for path in (one.path, one.path.with_suffix(".npz")):
                shutil.copyfile(path, root / path.name)
            table.writerow((one.path.name, "train", CLIP, one.identity))
    shutil.copytree(data / "teachers", root / "teachers")
    return root


def errors(network: SparseMotion, root: Path) -> dict[str, float]:
    """Mean L1 of what is drawn of the eight clips, by the network, the thin plate, the still."""
    rows = [
        TrainingClip(path=e.path, kind=CLIP, identity=e.identity)
        for e in read_manifest(root)
        if not is_dev(e.identity)
    ]
    found: dict[str, list[float]] = {"still": [], "thin_plate": [], "paper": []}
    plate = LandmarkGrid(SIDE, coarseness=PRIOR_COARSENESS)
    for clip in read_clip_frames(rows, 1):
        for share in FRAMES:
            pair = stack_pairs([unaugmented(clip, 0, int(share * (len(clip.jpegs) - 1)), SIDE)])
            source, driver = picture(pair["source"]), picture(pair["driver"])
            points = pair["source_px"], pair["driver_px"]
            drawn = {
                "still": source,
                "thin_plate": warp(source, plate.grid(*points)),
                "paper": network(source, *points, None).image.clamp(0, 1),
            }
            for name, image in drawn.items():
                found[name].append((image - driver).abs().mean().item())
    assert len(found["still"]) == CLIPS * len(FRAMES)
    return {name: float(np.mean(each)) for name, each in found.items()}


@pytest.mark.slow
@pytest.mark.timeout(2 * 3600)
def test_it_learns_eight_clips_by_heart(small: Path, tmp_path: Path) -> None:
    recipe = read_recipe(RECIPE)
    steps = replace(
        recipe.steps,
        steps=STEPS,
        batch=BATCH,
        workers=0,
        precision=Precision.FP32,
        optimiser=Optimiser.ADAMW,
        learning_rate=5e-4,
        warmup_steps=20,
        ema_decay=0.98,
        evaluate_every=STEPS,  # the last average is kept, not the best on somebody else
    )
    recipe = replace(
        recipe,
        data=replace(recipe.data, root=str(small), clip_stride=3),
        steps=steps,
        loss={"l1": 10.0, "perceptual": 1.0, "painted": 0.0, "regular": 0.0},
        augment={"size": SIDE},
    )
    trained = train(recipe, tmp_path / "run", on_log=lambda logged: print(logged, flush=True))
    metadata, tensors = hub.read(trained.weights)
    network = SparseMotion(read_config(SparseMotionConfig, metadata, where="paper"))
    load_strictly(network, tensors, where="paper")
    with torch.inference_mode():
        found = errors(network.eval(), small)
    print({name: round(value, 4) for name, value in found.items()})
    assert network.config == PAPER
    assert found["paper"] < found["thin_plate"] < found["still"]


@pytest.mark.bench
def test_how_fast_it_draws() -> None:
    """Told, not bounded: it is a config for GPUs."""
    network = SparseMotion(PAPER).eval()
    face, points = torch.rand(1, 3, 256, 256), 64 + 128 * torch.rand(1, 74, 2)
    with torch.inference_mode():
        source = network.encode(face, points)
        took = []
        for _ in range(4):
            begun = time.perf_counter()
            drawn = network.render(source, points + 1, None)
            took.append(time.perf_counter() - begun)
    print(f"paper config, 256 pixels: {1000 * min(took):.0f} ms a frame")
    assert drawn.image.shape == face.shape
