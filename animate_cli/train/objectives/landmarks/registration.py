"""The landmark network's fine-tuning on video: what it sees must move as the pixels move.

Dong et al. 2018, *Supervision-by-Registration*, as used by Zhao et al. 2021, section 3.3, on top
of the static objective `landmarks`:

    L = L_static + β · Σ w |LK(μₜ) - μₜ₊₁|₂ / Σ w + γ · L_twins

    symbol | name         | here
    μₜ     | found        | the network's points in frame t, labels unused
    LK     | tracked      | `layers.lucas_kanade.track`; gradients flow through it into μₜ
    w      | weight       | `Tracked.trusted`: 0 where back disagrees with forth or nothing is seen
    β, γ   | registration, twins | `SbrLoss`
    L_twins | apart       | `train.samples.two_crop`: the first frame through two squares

Departures from the papers: the distance is not squared, so that a point that really jumped does
not rule; only the last stack is registered; runs of three frames instead of pairs; twins.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from animate_cli.errors import TrainError
from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.layers import heatmap
from animate_cli.layers.colour import grey
from animate_cli.layers.grid import points_to_pixel
from animate_cli.layers.lucas_kanade import LucasKanade, track
from animate_cli.records import Image, Matrix
from animate_cli.train.objective import Batch
from animate_cli.train.objectives.landmarks.static import (
    LandmarkLoss,
    LandmarkObjective,
    build_static,
    last_stack,
)
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples import two_crop as twins
from animate_cli.train.samples.augment import AugmentConfig
from animate_cli.train.samples.frame_runs import Run, jittered_square, read_runs
from animate_cli.train.samples.samples import is_dev, read_rows
from animate_cli.typed import typed

DEV_RUNS = 64  # most runs that one evaluation looks at
RUN_FRAMES = 3
UNTOUCHED = AugmentConfig(roll_deg=0, shift=0, zoom=0, mirror=0)


@dataclass(frozen=True, kw_only=True)
class SbrLoss(LandmarkLoss):
    """The static loss' weights, and registration's.

    registration: β; twins: γ, 0 draws none; runs: of three frames, beside each batch; run_every:
    one run is kept of so many clip frames; most_drift_px, least_texture: when the tracking of a
    point is believed.
    """

    registration: float = 4.0
    twins: float = 0.0
    runs: int = 2
    run_every: int = 25
    most_drift_px: float = 0.3
    least_texture: float = 5e-5


class SbrObjective:
    """The static objective's squares, and runs of frames beside them."""

    def __init__(
        self, static: LandmarkObjective, loss: SbrLoss, train: list[Run], dev: list[Run]
    ) -> None:
        self.network: nn.Module = static.network
        self._static, self._loss, self._train = static, loss, train
        self._augment = static.augment
        rng = np.random.default_rng(0)
        chosen = [dev[int(i)] for i in rng.permutation(len(dev))[:DEV_RUNS]]
        self._dev = _tensor([self._view(run, UNTOUCHED, rng).frames for run in chosen])

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """The static batch; runs (R, T, 3, S, S) in [0, 1]; with γ also a twin of each run's first
        frame (R, 3, S, S), and where it lies, twin_to_square (R, 2, 3)."""
        drawn = [self._train[int(i)] for i in rng.integers(len(self._train), size=self._loss.runs)]
        views = [self._view(run, self._augment, rng) for run in drawn]
        batch = {**self._static.batch(size, rng), "runs": _tensor([view.frames for view in views])}
        if self._loss.twins:
            batch["twins"] = _tensor([view.twin for view in views])
            batch["twin_to_square"] = twins.as_tensor([view.twin_to_square for view in views])
        return batch

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L of the module's docstring; one pass of the network over squares and frames."""
        runs, labelled = batch["runs"], len(batch["images"])
        frames, size = runs.flatten(0, 1), runs.shape[-1]
        seconds = batch.get("twins", frames[:0])
        stacks = network(torch.cat((batch["images"], frames, seconds)))
        total, parts = self._static.loss_of([maps[:labelled] for maps in stacks], batch)
        points = heatmap.expected_points(heatmap.normalise(stacks[-1][labelled:].float()))
        found = points[: len(frames)].view(*runs.shape[:2], *points.shape[1:])
        moved, believed = registration(found, runs, self._loss)
        parts |= {"registration": moved.item(), "believed": believed}
        total = total + self._loss.registration * moved
        if self._loss.twins:
            near = twins.crop_disagreement(
                found[:, 0], points[len(frames) :], batch["twin_to_square"], size
            )
            parts["twins"] = near.item()
            total = total + self._loss.twins * near
        return total, parts

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """As the static objective; `trembling` by Zhao et al. eq. 9, in % of the distance between
        the outer eye corners; the score is the sum of error and trembling."""
        figures = self._static.evaluate(network)
        network.eval()
        found = torch.stack(
            [heatmap.expected_points(last_stack(network, run)) for run in self._dev]
        )
        network.train()
        size = self._dev.shape[-1]
        px = points_to_pixel(found, size, size)
        trembling = 100 * _trembling(px).item()
        error = figures["score"]
        return {**figures, "score": error + trembling, "error": error, "trembling": trembling}

    def export(self, network: nn.Module, path: Path) -> None:
        """As the static objective."""
        self._static.export(network, path)

    def sheet(self, network: nn.Module) -> Image:
        """As the static objective."""
        return self._static.sheet(network)

    def _view(self, run: Run, config: AugmentConfig, rng: np.random.Generator) -> _View:
        """A run through one square, undamaged, and its first frame through another one."""
        crop = jittered_square(run, self._static.config.size, config, rng)
        other, to_square = twins.second_crop(crop, twins.CropJitter(), rng)
        frames = torch.from_numpy(run.squares(crop))
        twin = torch.from_numpy(run.square(0, other))
        if rng.random() < config.mirror:
            frames, twin = frames.flip(2), twin.flip(1)
            to_square = twins.mirrored(to_square, crop.size)
        return _View(frames=frames, twin=twin, twin_to_square=to_square)


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """frames (T, S, S, 3) uint8, twin (S, S, 3) uint8, twin_to_square (2, 3)."""

    frames: Tensor
    twin: Tensor
    twin_to_square: Matrix


def registration(found: Tensor, runs: Tensor, loss: SbrLoss) -> tuple[Tensor, float]:
    """Σ w |LK(μₜ) - μₜ₊₁|₂ / Σ w over neighbouring frames, and the mean of w.

    found (R, T, 74, 2) normalised; runs (R, T, 3, S, S).
    """
    pictures = grey(runs.flatten(0, 1)).reshape(*runs.shape[:2], 1, *runs.shape[-2:])
    before, after = pictures[:, :-1].flatten(0, 1), pictures[:, 1:].flatten(0, 1)
    tracked = track(before, after, found[:, :-1].flatten(0, 1), LucasKanade())
    weight = tracked.trusted(most_drift_px=loss.most_drift_px, least_texture=loss.least_texture)
    apart = tracked.points - found[:, 1:].flatten(0, 1)
    distance = apart.square().sum(dim=-1).clamp_min(1e-12).sqrt()
    return (weight * distance).sum() / weight.sum().clamp_min(1), weight.mean().item()


def build(recipe: Recipe) -> SbrObjective:
    """The objective with its data in memory.

    Raises:
        TrainError: the data holds no training or no dev people, or no clips of them.
    """
    loss = typed(SbrLoss, recipe.loss, where="recipe, table [loss]")
    static = build_static(recipe, loss)
    rows = read_rows(recipe.data, "train")
    runs = list(read_runs(rows, length=RUN_FRAMES, every=loss.run_every))
    train = [run for run in runs if not is_dev(run.identity)]
    dev = [run for run in runs if is_dev(run.identity)]
    if not train or not dev:
        raise TrainError("too few clips to keep one person in ten apart", hint="add clips")
    return SbrObjective(static, loss, train, dev)


def _tensor(pictures: list[Tensor]) -> Tensor:
    """Pictures (..., S, S, 3) uint8 -> (R, ..., 3, S, S) in [0, 1]."""
    return torch.stack(pictures).movedim(-1, -3).float() / 255


def _trembling(px: Tensor) -> Tensor:
    """Mean of |(pₜ₋₁ + pₜ₊₁)/2 - pₜ| over the distance between the eyes: px (R, 3, 74, 2) -> ()."""
    right, left = OUTER_EYE_CORNERS
    between = (px[:, 1, right] - px[:, 1, left]).norm(dim=-1, keepdim=True)
    bend = ((px[:, 0] + px[:, 2]) / 2 - px[:, 1]).norm(dim=-1)  # (R, 74)
    return torch.mean(bend / between.clamp_min(1e-6))
