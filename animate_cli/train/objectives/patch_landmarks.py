"""The patch networks' objective: DSNT coordinates, heatmap shape, and what points do together.

Nibali et al. 2018, eq. 12: L = L_euc(μ, p) + λ · D_JS(Ẑ, N(p, σ²)). Ours is a third part, |(μ_a −
μ_b) − (p_a − p_b)|₂ over pairs of points whose distance is what a viewer sees: a pupil and the
corners of its eye, facing lids, facing lips, the two rims of a lip. A pupil set in the middle of
the eye is a small error of a point and the whole error of a gaze.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from animate_cli.errors import TrainError
from animate_cli.faces.patch_landmarks.network import PatchConfig, PatchNet
from animate_cli.faces.patch_landmarks.patches import POINTS_OF, FacePart
from animate_cli.layers import heatmap
from animate_cli.layers.grid import points_to_normalised
from animate_cli.layers.weight_io import save_half
from animate_cli.records import Image, Points
from animate_cli.train.losses import losses
from animate_cli.train.objective import Batch
from animate_cli.train.objectives.landmarks import confidence_calibration as calibration
from animate_cli.train.objectives.landmarks.lid_opening import slope
from animate_cli.train.recipe import DataLayout, Recipe
from animate_cli.train.samples.part_augment import PatchAugment, jittered, make_patch
from animate_cli.train.samples.part_samples import PartSample, parts_of, read_parts
from animate_cli.train.samples.rare_sampler import RareSampler
from animate_cli.train.samples.sample_sheet import COLUMNS, grid, tiles
from animate_cli.train.samples.samples import is_dev
from animate_cli.train.synthetic.dataset import read_rendered
from animate_cli.typed import typed

DEV_PATCHES = 1024  # most patches that one evaluation looks at, of each kind
DEV_JITTER = PatchAugment(roll_deg=3, shift=0.03, zoom=0.05)

EYE_PAIRS = ((8, 0), (8, 3), (1, 5), (6, 7), (2, 4))
MOUTH_PAIRS = tuple(
    (POINTS_OF[FacePart.MOUTH].index(a), POINTS_OF[FacePart.MOUTH].index(b))
    for a, b in (
        *((61, 67), (62, 66), (63, 65)),  # gap
        *((58, 67), (57, 66), (56, 65)),  # lower lip
        *((50, 61), (51, 62), (52, 63)),  # upper lip
        (48, 54),  # width
    )
)
"""Pairs of places in `POINTS_OF`."""


@dataclass(frozen=True, kw_only=True)
class PatchLoss:
    """Weights of the parts, and how often each kind of picture is drawn.

    shape: λ; sigma_cells: σ of the target density; pairs: of what points do together.
    """

    euclidean: float = 1.0
    sigma_cells: float = 1.0
    shape: float = 0.5
    pairs: float = 2.0
    clip_share: float = 0.32
    rare_share: float = 0.2
    image_share: float = 0.12
    lfw_share: float = 0.12
    rendered_share: float = 0.24


class PatchObjective:
    """Draws patches, scores points."""

    def __init__(self, recipe: Recipe, train: list[PartSample], dev: list[PartSample]) -> None:
        self.config = typed(PatchConfig, recipe.network, where="recipe, table [network]")
        self._loss = typed(PatchLoss, recipe.loss, where="recipe, table [loss]")
        self.augment = typed(PatchAugment, recipe.augment, where="recipe, table [augment]")
        self.network: nn.Module = PatchNet(self.config)
        self._is_mouth = self.config.part is FacePart.MOUTH
        self._pairs = MOUTH_PAIRS if self._is_mouth else EYE_PAIRS
        shares = {
            "clip": self._loss.clip_share,
            "rare": self._loss.rare_share,
            "image": self._loss.image_share,
            "lfw": self._loss.lfw_share,
            "rendered": self._loss.rendered_share,
        }
        self._draw = RareSampler(train, shares)
        self._dev_samples = dev
        rng = np.random.default_rng(0)
        self._dev = {
            "real": self._dev_batch([s for s in dev if s.kind != "rendered"], shares, rng),
            "rendered": self._dev_batch([s for s in dev if s.kind == "rendered"], shares, rng),
        }

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """images (B, 3, S, S), points (B, K, 2) normalised, known (B, K)."""
        return self._patches([self._draw(rng) for _ in range(size)], rng)

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Nibali eq. 12, and pairs of points."""
        probability = heatmap.normalise(network(batch["images"]).float())
        points = heatmap.expected_points(probability)
        target, known = batch["points"], batch["known"]
        near = losses.euclidean(points, target, known)
        shape = losses.heatmap_shape(probability, target, known, sigma_cells=self._loss.sigma_cells)
        pairs = losses.aperture_errors(points, target, known, self._pairs)
        total = self._loss.euclidean * near + self._loss.shape * shape + self._loss.pairs * pairs
        return total, {"euclidean": near.item(), "shape": shape.item(), "pairs": pairs.item()}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Errors in % of the distance between the part's corners, and slopes of what moves: found
        over labelled, 1 where all of it is seen."""
        network.eval()
        figures: dict[str, float] = {}
        for kind, batch in self._dev.items():
            if batch is None:
                continue
            found = self._found(network, batch["images"])
            figures |= self._figures(found, batch, kind)
        network.train()
        steering = "real" if self._dev["real"] is not None else "rendered"
        return {"score": figures[f"{steering}_error"] + figures[f"{steering}_pairs"], **figures}

    def export(self, network: nn.Module, path: Path) -> None:
        """fp16 safetensors with the config inside, its confidence calibrated."""
        save_half(network, self.calibrated(network), path, notes={"kind": "patch_landmarks"})

    @torch.no_grad()
    def calibrated(self, network: nn.Module) -> PatchConfig:
        """The config whose confidence 0.5 means: as likely as not within a tenth of the distance
        between the part's corners; on dev patches as damaged as the training's."""
        rng = np.random.default_rng(1)
        chosen = rng.permutation(len(self._dev_samples))[:DEV_PATCHES]
        batch = self._patches([self._dev_samples[int(i)] for i in chosen], rng)
        network.eval()
        probability = self._probability(network, batch["images"])
        network.train()
        points = heatmap.expected_points(probability)
        deviation = heatmap.spread(probability, points).sqrt()[batch["known"]]
        near = self._error(points, batch["points"])[batch["known"]] < calibration.NEAR
        fit = calibration.fit_confidence(deviation.double().numpy(), near.numpy())
        if fit is None:
            return self.config
        return replace(self.config, half_confidence_cells=fit[0], confidence_slope=fit[1])

    @torch.no_grad()
    def sheet(self, network: nn.Module) -> Image:
        """Two rows of training patches with their labels, four of dev with labels and findings."""
        batch = self.batch(2 * COLUMNS, np.random.default_rng(0))
        rows = tiles(batch, torch.full_like(batch["points"], torch.nan))
        network.eval()
        for dev in self._dev.values():
            if dev is not None:
                part = {key: value[: 2 * COLUMNS] for key, value in dev.items()}
                rows += tiles(part, self._found(network, part["images"]))
        network.train()
        return grid(rows)

    def _dev_batch(
        self, samples: list[PartSample], shares: dict[str, float], rng: np.random.Generator
    ) -> Batch | None:
        """A fixed set of slightly misplaced patches, rare ones among them."""
        if not samples:
            return None
        draw = RareSampler(samples, shares)
        chosen = [draw(rng) for _ in range(DEV_PATCHES)]
        size = self.config.size
        pairs = [jittered(s.pixels(), s.points, size, DEV_JITTER, rng) for s in chosen]
        return _tensors([p[0] for p in pairs], [p[1] for p in pairs], size)

    def _patches(self, samples: list[PartSample], rng: np.random.Generator) -> Batch:
        size = self.config.size
        pairs = [make_patch(s, size, self.augment, rng, is_mouth=self._is_mouth) for s in samples]
        return _tensors([p[0] for p in pairs], [p[1] for p in pairs], size)

    def _probability(self, network: nn.Module, images: Tensor) -> Tensor:
        device = next(network.parameters()).device
        maps = [
            heatmap.normalise(network(i.to(device)).float()).cpu() for i in torch.split(images, 64)
        ]
        return torch.cat(maps)

    def _found(self, network: nn.Module, images: Tensor) -> Tensor:
        return heatmap.expected_points(self._probability(network, images))

    def _error(self, points: Tensor, target: Tensor) -> Tensor:
        """Distance per point over the distance between the part's corners: (B, K)."""
        corners = target[:, self._corners[0]] - target[:, self._corners[1]]
        error: Tensor = (points - target).norm(dim=-1) / corners.norm(dim=-1, keepdim=True)
        return error

    @property
    def _corners(self) -> tuple[int, int]:
        return (0, 6) if self._is_mouth else (0, 3)

    def _figures(self, found: Tensor, batch: Batch, kind: str) -> dict[str, float]:
        target = batch["points"]
        width = (target[:, self._corners[0]] - target[:, self._corners[1]]).norm(dim=-1)
        figures = {f"{kind}_error": 100 * self._error(found, target).mean().item()}
        pairs = torch.stack([found[:, a] - found[:, b] for a, b in self._pairs])
        true = torch.stack([target[:, a] - target[:, b] for a, b in self._pairs])
        error = ((pairs - true).norm(dim=-1) / width).mean()
        figures[f"{kind}_pairs"] = 100 * error.item()
        for name, reading in (_MOUTH_SLOPES if self._is_mouth else _EYE_SLOPES).items():
            both = torch.stack([reading(found), reading(target)])
            figures[f"{kind}_{name}"] = slope(both)
        return figures


def _along(points: Tensor, a: int, b: int, of: Tensor) -> Tensor:
    """Vectors (B, 2) along the line from point a to point b, in its lengths: (B,)."""
    axis = points[:, b] - points[:, a]
    share: Tensor = (of * axis).sum(dim=-1) / axis.square().sum(dim=-1).clamp_min(1e-9)
    return share


def _pupil_across(points: Tensor) -> Tensor:
    offset = points[:, 8] - (points[:, 0] + points[:, 3]) / 2
    return _along(points, 0, 3, offset)


def _pupil_down(points: Tensor) -> Tensor:
    offset = points[:, 8] - (points[:, 0] + points[:, 3]) / 2
    return _along(points, 0, 3, torch.stack((offset[:, 1], -offset[:, 0]), dim=-1))


def _distance(a: int, b: int, left: int, right: int, points: Tensor) -> Tensor:
    """|a - b| over |left - right|: (B,)."""
    width = (points[:, left] - points[:, right]).norm(dim=-1).clamp_min(1e-6)
    ratio: Tensor = (points[:, a] - points[:, b]).norm(dim=-1) / width
    return ratio


_EYE_SLOPES = {
    "gaze_x": _pupil_across,
    "gaze_y": _pupil_down,
    "lids": lambda p: _distance(6, 7, 0, 3, p),
}
_MOUTH_SLOPES = {
    "gap": lambda p: (p[:, 14] - p[:, 18]).norm(dim=-1),
    "width": lambda p: (p[:, 0] - p[:, 6]).norm(dim=-1),
    "lower_lip": lambda p: (p[:, 9] - p[:, 18]).norm(dim=-1),
}


def build(recipe: Recipe) -> PatchObjective:
    """The objective with its data in memory.

    Raises:
        TrainError: the data holds no training or no dev people, or is of a layout without frames.
    """
    part = typed(PatchConfig, recipe.network, where="recipe, table [network]").part
    samples = list(read_parts(recipe.data, part)) if recipe.data.root else []
    for source in recipe.data.extra:
        if source.layout is not DataLayout.RENDERED:
            raise TrainError(
                f"patch networks read no {source.layout.value} data",
                hint="give clips by data.root, and [[data.extra]] of layout 'rendered'",
            )
        heads = read_rendered(
            Path(source.root), model=Path(source.model), count=source.count, view="face"
        )
        samples += parts_of(heads, part)
    train = [sample for sample in samples if not is_dev(sample.identity)]
    dev = [s for s in samples if is_dev(s.identity) and np.isfinite(s.points).all()]
    if not train or not dev:
        raise TrainError("too few people to keep one in ten apart", hint="add data")
    return PatchObjective(recipe, train, dev)


def _tensors(patches: list[Image], points: list[Points], size: int) -> Batch:
    images = torch.from_numpy(np.stack(patches)).permute(0, 3, 1, 2).float() / 255
    where = np.stack(points)
    known = np.isfinite(where).all(axis=-1)
    target = points_to_normalised(torch.from_numpy(np.nan_to_num(where)), size, size)
    return {"images": images, "points": target, "known": torch.from_numpy(known)}
