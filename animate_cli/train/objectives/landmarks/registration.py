"""Fine-tune the landmark network on video: its points should move as optical flow moves them.

Dong et al. 2018, *Supervision-by-Registration* (SBR), section 3.2, as used by Zhao et al. 2021,
section 3.3, on top of the objective `landmarks`:

    L = L_static + β · Σ w |LK(μₜ) − μₜ₊₁|₂ / Σ w + γ · L_crops

    symbol  | name         | here
    μₜ      | found        | the network's points in frame t, labels unused
    LK      | tracked      | `layers.lucas_kanade.track`; gradients flow through it into μₜ
    w       | weight       | `Tracked.trusted`: 0 where tracking back disagrees, or on flat patches
    β       | registration | `SbrLoss`
    γ       | two_crops    | `SbrLoss`
    L_crops | disagreement | `train.samples.two_crop`: the first frame through two crops

Departures from the papers: the distance is not squared, so that outliers do not dominate; only the
last stack is registered; runs of three frames instead of pairs; L_crops.
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
from animate_cli.train.samples import two_crop
from animate_cli.train.samples.augment import AugmentConfig
from animate_cli.train.samples.frame_runs import Run, jittered_square, read_runs
from animate_cli.train.samples.samples import is_dev, read_rows
from animate_cli.typed import typed

DEV_RUNS = 64  # most runs of one evaluation
RUN_FRAMES = 3
UNVARIED = AugmentConfig(roll_deg=0, shift=0, zoom=0, mirror=0)


@dataclass(frozen=True, kw_only=True)
class SbrLoss(LandmarkLoss):
    """Weights of the static loss, and of registration.

    registration: β; two_crops: γ, 0: no second crops are cut; runs: of three frames, beside each
    batch; run_every: one run is kept of so many clip frames; most_drift_px, least_texture: limits
    up to which the tracking of a point is trusted.
    """

    registration: float = 4.0
    two_crops: float = 0.0
    runs: int = 2
    run_every: int = 25
    most_drift_px: float = 0.3
    least_texture: float = 5e-5


class SbrObjective:
    """The static objective, and registration on runs of frames."""

    def __init__(
        self, static: LandmarkObjective, loss: SbrLoss, train: list[Run], dev: list[Run]
    ) -> None:
        self.network: nn.Module = static.network
        self._static, self._loss, self._train = static, loss, train
        self._augment = static.augment
        rng = np.random.default_rng(0)
        chosen = [dev[int(i)] for i in rng.permutation(len(dev))[:DEV_RUNS]]
        self._dev = _tensor([self._view(run, UNVARIED, rng).frames for run in chosen])

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """The static batch; runs (R, T, 3, S, S) in [0, 1]; with γ also second_crops, the first
        frame of each run through another crop (R, 3, S, S), and second_to_first (R, 2, 3)."""
        runs = [self._train[int(i)] for i in rng.integers(len(self._train), size=self._loss.runs)]
        views = [self._view(run, self._augment, rng) for run in runs]
        batch = {**self._static.batch(size, rng), "runs": _tensor([view.frames for view in views])}
        if self._loss.two_crops:
            batch["second_crops"] = _tensor([view.second for view in views])
            batch["second_to_first"] = two_crop.as_tensor([view.second_to_first for view in views])
        return batch

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L of the module's docstring; one pass of the network over squares and frames."""
        runs, labelled = batch["runs"], len(batch["images"])
        frames, size = runs.flatten(0, 1), runs.shape[-1]
        seconds = batch.get("second_crops", frames[:0])
        stacks = network(torch.cat((batch["images"], frames, seconds)))
        total, parts = self._static.loss_of([maps[:labelled] for maps in stacks], batch)
        points = heatmap.expected_points(heatmap.normalise(stacks[-1][labelled:].float()))
        found = points[: len(frames)].view(*runs.shape[:2], *points.shape[1:])
        apart, trusted = registration(found, runs, self._loss)
        parts |= {"registration": apart.item(), "trusted": trusted}
        total = total + self._loss.registration * apart
        if self._loss.two_crops:
            disagreement = two_crop.crop_disagreement(
                found[:, 0], points[len(frames) :], batch["second_to_first"], size
            )
            parts["two_crops"] = disagreement.item()
            total = total + self._loss.two_crops * disagreement
        return total, parts

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """As the static objective; `jitter` by Zhao et al. eq. 9, in % of the distance between the
        outer eye corners; the score is the sum of error and jitter."""
        figures = self._static.evaluate(network)
        network.eval()
        found = torch.stack(
            [heatmap.expected_points(last_stack(network, run)) for run in self._dev]
        )
        network.train()
        size = self._dev.shape[-1]
        px = points_to_pixel(found, size, size)
        jitter = 100 * _jitter(px).item()
        error = figures["score"]
        return {**figures, "score": error + jitter, "error": error, "jitter": jitter}

    def export(self, network: nn.Module, path: Path) -> None:
        """As the static objective."""
        self._static.export(network, path)

    def sheet(self, network: nn.Module) -> Image:
        """As the static objective."""
        return self._static.sheet(network)

    def _view(self, run: Run, config: AugmentConfig, rng: np.random.Generator) -> _View:
        """A run cut by one crop, without image noise, and its first frame cut by another one."""
        crop = jittered_square(run, self._static.config.size, config, rng)
        other, to_first = two_crop.second_crop(crop, two_crop.CropJitter(), rng)
        frames = torch.from_numpy(run.squares(crop))
        second = torch.from_numpy(run.square(0, other))
        if rng.random() < config.mirror:
            frames, second = frames.flip(2), second.flip(1)
            to_first = two_crop.mirrored(to_first, crop.size)
        return _View(frames=frames, second=second, second_to_first=to_first)


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """frames (T, S, S, 3) uint8, second (S, S, 3) uint8, second_to_first (2, 3)."""

    frames: Tensor
    second: Tensor
    second_to_first: Matrix


def registration(found: Tensor, runs: Tensor, loss: SbrLoss) -> tuple[Tensor, float]:
    """Σ w |LK(μₜ) − μₜ₊₁|₂ / Σ w over neighbouring frames, and the mean of w.

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


def _jitter(px: Tensor) -> Tensor:
    """Mean of |(pₜ₋₁ + pₜ₊₁)/2 - pₜ| over the distance between the eyes: px (R, 3, 74, 2) -> ()."""
    right, left = OUTER_EYE_CORNERS
    between = (px[:, 1, right] - px[:, 1, left]).norm(dim=-1, keepdim=True)
    bend = ((px[:, 0] + px[:, 2]) / 2 - px[:, 1]).norm(dim=-1)  # (R, 74)
    return torch.mean(bend / between.clamp_min(1e-6))
