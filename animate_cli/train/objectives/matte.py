"""The matte network's objective: segment the person, with a face parser's labels as the target.

    L = BCE(α, P) + λ_s · (1 − 2 Σ α P / (Σ α + Σ P))

P is 1 where `faces.segmentation.face_parsing` names any part of a person, its edge blurred by
`EDGE_PX`; the second term is the Dice loss of Milletari et al. 2016. Some people are put before
other backgrounds (`train.samples.background_swap`), where the true edge is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import TrainError
from animate_cli.faces.segmentation.face_parsing import Labels, Parser
from animate_cli.faces.segmentation.matte_network import MatteConfig, MatteNetwork
from animate_cli.layers.weight_io import save_half
from animate_cli.records import Image, Points
from animate_cli.train.objective import Batch
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples.augment import AugmentConfig, damage
from animate_cli.train.samples.background_swap import (
    Backgrounds,
    composite_over,
    person_alpha,
    read_backgrounds,
)
from animate_cli.train.samples.clip_parsing import with_parts
from animate_cli.train.samples.pair_batch import picture
from animate_cli.train.samples.pairs import (
    ClipFrames,
    Pair,
    PairAugment,
    PairSampler,
    pair_of,
    unaugmented,
)
from animate_cli.train.samples.samples import Sample, is_dev, read_rows, read_samples
from animate_cli.typed import typed

EDGE_PX = 0.7
DEV_PICTURES = 160
SHOWN = 12
SEARCHED = 150  # clip people whose backgrounds are used, in addition to those of all portraits
_DAMAGE = AugmentConfig(hide=0.0, colour=0.5, grey=0.05, coarse=0.12, blur=0.2, noise=0.2, jpeg=0.4)


@dataclass(frozen=True, kw_only=True)
class MatteLoss:
    """overlap: λ_s; image_share: probability of a sample from the portraits alone; parser: its
    file, from the data's root; maps: folder that keeps its maps, empty: with the trainings."""

    overlap: float = 0.5
    image_share: float = 0.0
    parser: str = "teachers/face_parse_bisenetv2_19.onnx"
    maps: str = ""


class MatteObjective:
    """Samples face squares and compares the network's mattes with the parser's."""

    def __init__(
        self,
        recipe: Recipe,
        train: list[ClipFrames],
        dev: list[ClipFrames],
        backgrounds: Backgrounds,
        portrayed: frozenset[str] = frozenset(),
    ) -> None:
        """portrayed: identities of the portraits."""
        self.config = typed(MatteConfig, recipe.network, where="recipe, table [network]")
        self._loss = typed(MatteLoss, recipe.loss, where="recipe, table [loss]")
        self._augment = typed(PairAugment, recipe.augment, where="recipe, table [augment]")
        self.network: nn.Module = MatteNetwork(self.config)
        portraits = [person for person in train if person.identity in portrayed]
        self._portraits = PairSampler(portraits) if portraits else None
        self._sampler, self._backgrounds = PairSampler(train), backgrounds
        self._dev = _dev_batch(dev, self._augment.size)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """face (B, 3, S, S) uint8, its landmarks (B, 74, 2) px, person (B, 1, S, S) uint8, 255 on
        the person."""
        return _stacked([self._sample(rng) for _ in range(size)])

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L of the module's docstring."""
        person = batch["person"].float() / 255
        matte = network(picture(batch["face"]), batch["landmarks"]).float()
        edge = _cross_entropy(matte, person)
        both, either = (matte * person).sum(), matte.sum() + person.sum()
        overlap = 1 - 2 * both / either.clamp_min(1)
        total = edge + self._loss.overlap * overlap
        return total, {"edge": edge.item(), "overlap": overlap.item()}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """On dev people, in %: score: mean |α − P|; iou: intersection over union at 1/2."""
        network.eval()
        count = len(self._dev["face"])
        matte = torch.cat(
            [self._dev_mattes(network, slice(n, n + 16)) for n in range(0, count, 16)]
        )
        network.train()
        person = self._dev["person"].float() / 255
        found, true = matte > 0.5, person > 0.5
        shared = (found & true).sum((1, 2, 3)) / (found | true).sum((1, 2, 3)).clamp_min(1)
        return {
            "score": 100 * (matte - person).abs().mean().item(),
            "iou": 100 * shared.mean().item(),
        }

    def export(self, network: nn.Module, path: Path) -> None:
        """fp16 safetensors with the config inside."""
        save_half(network, self.config, path, notes={"kind": "matte"})

    @torch.no_grad()
    def sheet(self, network: nn.Module) -> Image:
        """Dev faces, one per row: photo, the parser's person, the matte, the person cut out."""
        network.eval()
        shown = slice(0, None, max(1, len(self._dev["face"]) // SHOWN))
        faces, person = picture(self._dev["face"][shown]), self._dev["person"][shown] / 255
        matte = self._dev_mattes(network, shown)
        network.train()
        grey = faces * matte + 0.5 * (1 - matte)
        views = (faces, person.expand_as(faces), matte.expand_as(faces), grey)
        sheet = torch.cat(tuple(torch.cat(views, dim=3)), dim=1)
        return (255 * sheet).byte().permute(1, 2, 0).numpy()

    def _dev_mattes(self, network: nn.Module, part: slice) -> Tensor:
        """The mattes of some dev faces, on the CPU."""
        device = next(network.parameters()).device
        face, where = (self._dev[key][part].to(device) for key in ("face", "landmarks"))
        matte: Tensor = network(picture(face), where)
        return matte.cpu()

    def _sample(self, rng: np.random.Generator) -> tuple[Image, Points, Labels]:
        sampler = self._sampler
        if self._portraits is not None and rng.random() < self._loss.image_share:
            sampler = self._portraits
        pair = pair_of(sampler.clip(rng), self._augment, rng)
        face, labels = pair.source, pair.source_parts
        person = _person_map(labels)
        if rng.random() < self._augment.background_prob:
            behind = cv2.resize(self._backgrounds.sample(rng), labels.shape)
            face = composite_over(face, labels, behind)  # type: ignore[arg-type]
            person = (255 * person_alpha(labels)).astype(np.uint8)
        return damage(face, _DAMAGE, rng), pair.source_px, person


def build(recipe: Recipe) -> MatteObjective:
    """The objective with its data in memory.

    Raises:
        TrainError: the data holds no training or no dev people.
        WeightsError: the parser is missing.
    """
    loss = typed(MatteLoss, recipe.loss, where="recipe, table [loss]")
    parser = Parser(Path(recipe.data.root) / loss.parser)
    maps = Path(loss.maps) if loss.maps else hub.runs_dir() / "parts"
    rows = read_rows(recipe.data, "train")
    people = [
        with_parts(person, parser, maps)
        for person in _people(list(read_samples(rows, recipe.data.clip_stride)))
    ]
    train = [person for person in people if not is_dev(person.identity)]
    dev = [person for person in people if is_dev(person.identity)]
    if not train or not dev:
        raise TrainError("too few people to keep one in ten apart", hint="add data")
    train_rows = [row for row in rows if not is_dev(row.identity)]
    coarse = Parser(Path(recipe.data.root) / loss.parser, size=256)
    behind = list(read_backgrounds(train_rows, train[:: max(1, len(train) // SEARCHED)], coarse))
    portrayed = frozenset(row.identity for row in rows if row.kind == "image")
    return MatteObjective(recipe, train, dev, Backgrounds(behind), portrayed)


def _people(samples: list[Sample]) -> Iterator[ClipFrames]:
    """Pictures of one person, of one size, as the frames of one clip."""
    named = sorted(samples, key=_person_and_size)
    for (identity, _, _), group in groupby(named, _person_and_size):
        own = list(group)
        points = np.stack([sample.points for sample in own])
        yield ClipFrames(
            jpegs=tuple(sample.jpeg for sample in own), points=points, identity=identity
        )


def _person_and_size(sample: Sample) -> tuple[str, int, int]:
    height, width = sample.pixels().shape[:2]
    return sample.identity, height, width


def _dev_batch(dev: list[ClipFrames], size: int) -> Batch:
    """First, middle and last pictures of dev people, not varied."""
    pairs: list[Pair] = []
    for person in dev:
        last = len(person.jpegs) - 1
        pairs += [unaugmented(person, i, i, size) for i in sorted({0, last // 2, last})]
    chosen = pairs[:: max(1, len(pairs) // DEV_PICTURES)]
    return _stacked(
        [(pair.source, pair.source_px, _person_map(pair.source_parts)) for pair in chosen]
    )


def _person_map(labels: Labels) -> Labels:
    """P (S, S), 255 on the person."""
    person = np.where(labels > 0, np.uint8(255), np.uint8(0))
    return np.asarray(cv2.GaussianBlur(person, (0, 0), EDGE_PX), np.uint8)


def _stacked(samples: list[tuple[Image, Points, Labels]]) -> Batch:
    faces, points, people = zip(*samples, strict=True)
    return {
        "face": torch.from_numpy(np.stack(faces)).permute(0, 3, 1, 2),
        "landmarks": torch.from_numpy(np.stack(points)),
        "person": torch.from_numpy(np.stack(people))[:, None],
    }


def _cross_entropy(matte: Tensor, person: Tensor) -> Tensor:
    """Binary cross entropy of shares in (0, 1); torch's own refuses autocast on GPUs."""
    inner = matte.clamp(1e-6, 1 - 1e-6)
    return -(person * inner.log() + (1 - person) * (1 - inner).log()).mean()
