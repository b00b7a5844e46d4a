"""The landmark network's objective: DSNT coordinates, heatmap shape, flat maps without a face.

    faces   L = L_euc(μ, p) + λ · D_JS(Ẑ, N(p, σ²))    Nibali et al. 2018 (DSNT), eq. 12
    others  L = ε · KL(uniform ‖ Ẑ)                    ours

L_euc is eq. 5 of that paper, D_JS eqs. 9 and 11 (`train.losses.losses`); `layers.heatmap` reads μ
out of the heatmap Ẑ. An optional loss on how far lids and lips are open is ours. Zhao et al. 2021,
section 3.3, train by DSNT and give no weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from animate_cli.faces.landmarks.network import LandmarkConfig, LandmarkNet, confidence
from animate_cli.faces.points import FACING_LIDS, FACING_LIPS, OUTER_EYE_CORNERS, PUPILS
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_pixel
from animate_cli.layers.weight_io import save_half
from animate_cli.records import Image
from animate_cli.train.losses import losses
from animate_cli.train.objective import Batch
from animate_cli.train.objectives.landmarks import confidence_calibration as calibration
from animate_cli.train.objectives.landmarks.labelled_squares import (
    DEV_SQUARES,
    as_batch,
    dev_batch,
)
from animate_cli.train.objectives.landmarks.lid_opening import is_shut, lid_openings, slope
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples import negatives
from animate_cli.train.samples.augment import AugmentConfig, damage, make_square
from animate_cli.train.samples.balanced_sampler import BalancedSampler
from animate_cli.train.samples.sample_sheet import COLUMNS, grid, tiles
from animate_cli.train.samples.samples import Sample
from animate_cli.train.training_data import read_training
from animate_cli.typed import typed

MINED_PICTURES = 250  # training pictures searched for hard squares without a face


@dataclass(frozen=True, kw_only=True)
class LandmarkLoss:
    """Weights of the terms, and shares of the kinds of pictures.

    euclidean: of L_euc; 0 trains heatmaps alone, as for arg max; sigma_cells: σ of the target
    density; shape: λ; flat: ε; openings: of `losses.aperture_errors`; negatives: share of squares
    without a face; clip_share and the like: how often each kind of picture is sampled; shut_share:
    how often pictures of any kind with shut eyes are, in addition.
    """

    euclidean: float = 1.0
    sigma_cells: float = 1.0
    shape: float = 1.0
    flat: float = 0.1
    openings: float = 0.0
    negatives: float = 0.08
    clip_share: float = 0.55
    image_share: float = 0.2
    lfw_share: float = 0.25
    wflw_share: float = 0.25
    pts_share: float = 0.25
    rendered_share: float = 0.1
    shut_share: float = 0.0


class LandmarkObjective:
    """Samples labelled squares and compares the network's points with the labels."""

    def __init__(
        self, recipe: Recipe, loss: LandmarkLoss, train: list[Sample], dev: list[Sample]
    ) -> None:
        self.config = typed(LandmarkConfig, recipe.network, where="recipe, table [network]")
        self._loss = loss
        self.augment = typed(AugmentConfig, recipe.augment, where="recipe, table [augment]")
        self._dev_samples = dev
        self.network: nn.Module = LandmarkNet(self.config)
        shut = [replace(s, kind="shut") for s in train if loss.shut_share and is_shut(s.points)]
        self._sampler = BalancedSampler([*train, *shut], _shares(loss))
        self._mined = [
            (sample, crop)
            for sample in train[:: max(1, len(train) // MINED_PICTURES)]
            for crop in negatives.hard_negatives(sample.pixels(), sample.points)
        ]
        self._dev = dev_batch(dev, self.config.size)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """images (B, 3, S, S), points (B, 74, 2) normalised, known (B, 74), is_face (B,)."""
        squares, points, is_face = [], [], []
        for _ in range(size):
            sample = self._sampler(rng)
            face = rng.random() >= self._loss.negatives
            seen, where = (
                make_square(sample.pixels(), sample.points, self.config.size, self.augment, rng)
                if face
                else (self._negative(sample, rng), np.zeros_like(sample.points))
            )
            squares.append(seen)
            points.append(where)
            is_face.append(face)
        return as_batch(np.stack(squares), np.stack(points), np.array(is_face), self.config.size)

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L of the module's docstring, summed over the stacks."""
        return self.loss_of(network(batch["images"]), batch)

    def loss_of(self, stacks: list[Tensor], batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The loss from the logits (B, 74, h, w) of every stack."""
        face = batch["is_face"]
        total = batch["images"].new_zeros(())
        parts: dict[str, float] = {}
        for maps in stacks:
            logits = maps.float()
            probability = heatmap.normalise(logits[face])
            points = heatmap.expected_points(probability)
            target, known = batch["points"][face], batch["known"][face]
            near = losses.euclidean(points, target, known)
            shape = losses.heatmap_shape(
                probability, target, known, sigma_cells=self._loss.sigma_cells
            )
            gaps = losses.aperture_errors(points, target, known, FACING_LIDS + FACING_LIPS)
            flat = losses.flatness(logits[~face]) if (~face).any() else near.new_zeros(())
            total = total + self._loss.euclidean * near + self._loss.shape * shape
            total = total + self._loss.flat * flat + self._loss.openings * gaps
            parts = {
                "euclidean": near.item(),
                "shape": shape.item(),
                "flat": flat.item(),
                "openings": gaps.item(),
            }
        return total, parts

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Errors in % of the distance between the outer eye corners, and a figure of how well
        confidence separates faces from squares without one."""
        network.eval()
        errors, pupils, sure_face, sure_other, lids = [], [], [], [], []
        for start in range(0, len(self._dev["images"]), 32):
            part = {key: value[start : start + 32] for key, value in self._dev.items()}
            probability = last_stack(network, part["images"])
            points = heatmap.expected_points(probability)
            sure = confidence(probability, points, self.config).mean(dim=1)
            face = part["is_face"]
            nme = normalised_error(points, part["points"], self.config.size)
            nme = nme.where(part["known"], torch.nan)[face]
            errors.append(nme.nanmean(dim=1))
            pupils.append(nme[:, list(PUPILS)].flatten())
            lids.append(lid_openings(points, part["points"], part["known"]))
            sure_face.append(sure[face])
            sure_other.append(sure[~face])
        network.train()
        error, faces, others = torch.cat(errors), torch.cat(sure_face), torch.cat(sure_other)
        return {
            "score": 100 * error.mean().item(),
            "pupils": 100 * torch.cat(pupils).nanmean().item(),
            "failures": 100 * (error > 0.1).float().mean().item(),
            "lid_slope": slope(torch.cat(lids, dim=1)),
            "sure_face_p2": faces.quantile(0.02).item(),
            "sure_other_p98": others.quantile(0.98).item(),
        }

    def export(self, network: nn.Module, path: Path) -> None:
        """fp16 safetensors with the config inside, its confidence calibrated."""
        save_half(network, self.calibrated(network), path, notes={"kind": "landmarks"})

    @torch.no_grad()
    def calibrated(self, network: nn.Module) -> LandmarkConfig:
        """The config with its confidence calibrated, on dev faces varied as the training's are."""
        rng = np.random.default_rng(1)
        chosen = rng.permutation(len(self._dev_samples))[:DEV_SQUARES]
        network.eval()
        deviations, near = [], []
        for start in range(0, len(chosen), 32):
            part = self._damaged(
                [self._dev_samples[int(i)] for i in chosen[start : start + 32]], rng
            )
            probability = last_stack(network, part["images"])
            points = heatmap.expected_points(probability)
            error = normalised_error(points, part["points"], self.config.size)
            deviations.append(heatmap.spread(probability, points).sqrt()[part["known"]])
            near.append(error[part["known"]] < calibration.NEAR)
        network.train()
        fit = calibration.fit_confidence(
            torch.cat(deviations).double().numpy(), torch.cat(near).numpy()
        )
        if fit is None:
            return self.config
        return replace(self.config, half_confidence_cells=fit[0], confidence_slope=fit[1])

    @torch.no_grad()
    def sheet(self, network: nn.Module) -> Image:
        """Two rows of training squares with labels, two of dev with labels and the points found."""
        batch = self.batch(2 * COLUMNS, np.random.default_rng(0))
        network.eval()
        dev = {key: value[: 2 * COLUMNS] for key, value in self._dev.items()}
        found = heatmap.expected_points(last_stack(network, dev["images"]))
        network.train()
        unseen = torch.full_like(batch["points"], torch.nan)
        return grid([*tiles(batch, unseen), *tiles(dev, found)])

    def _damaged(self, samples: list[Sample], rng: np.random.Generator) -> Batch:
        size = self.config.size
        pairs = [make_square(s.pixels(), s.points, size, self.augment, rng) for s in samples]
        is_face = np.ones(len(pairs), bool)
        return as_batch(
            np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs]), is_face, size
        )

    def _negative(self, sample: Sample, rng: np.random.Generator) -> Image:
        choice = rng.random()
        if choice < 0.5 and self._mined:
            sample, crop = self._mined[int(rng.integers(len(self._mined)))]
            seen = negatives.cut_negative(sample.pixels(), crop, self.config.size)
        else:
            pixels = sample.pixels()
            found = negatives.random_negative(pixels, sample.points, rng) if choice < 0.9 else None
            if found is None:
                return negatives.flat_or_noisy(self.config.size, rng)
            seen = negatives.cut_negative(pixels, found, self.config.size)
        return damage(seen, self.augment, rng)


def build(recipe: Recipe) -> LandmarkObjective:
    """The objective with its data in memory.

    Raises:
        TrainError: the data holds no training or no dev people.
    """
    return build_static(recipe, typed(LandmarkLoss, recipe.loss, where="recipe, table [loss]"))


def build_static(recipe: Recipe, loss: LandmarkLoss) -> LandmarkObjective:
    """As `build`, with the loss given: the objective `landmarks_sbr` is built on it."""
    samples = read_training(recipe.data)
    return LandmarkObjective(recipe, loss, samples.train, samples.dev)


def _shares(loss: LandmarkLoss) -> dict[str, float]:
    """How often each kind of picture is sampled."""
    return {
        "clip": loss.clip_share,
        "image": loss.image_share,
        "lfw": loss.lfw_share,
        "wflw": loss.wflw_share,
        "pts": loss.pts_share,
        "rendered": loss.rendered_share,
        "shut": loss.shut_share,
    }


def last_stack(network: nn.Module, images: Tensor) -> Tensor:
    """Images (B, 3, S, S), wherever the network is, -> probability (B, 74, h, w) on the CPU."""
    device = next(network.parameters()).device
    return heatmap.normalise(network(images.to(device))[-1].float()).cpu()


def normalised_error(points: Tensor, target: Tensor, size: int) -> Tensor:
    """Distance per point over the distance between the outer eye corners: -> (B, 74)."""
    found, true = points_to_pixel(points, size, size), points_to_pixel(target, size, size)
    right, left = OUTER_EYE_CORNERS
    between = (true[:, right] - true[:, left]).norm(dim=-1, keepdim=True)
    error: Tensor = (found - true).norm(dim=-1) / between.clamp_min(1e-6)
    return error
