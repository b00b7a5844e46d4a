"""The default model's objective: one frame of a clip is made from another.

The network gets a source frame, the landmarks of both frames and, for the prior, how the driver's
body moves; the loss (`loss_terms`) compares its result with the driver's frame. Zhao et al. 2021,
section 3.4; equations and departures are listed in `loss_terms`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from animate_cli import hub
from animate_cli.errors import TrainError
from animate_cli.faces.segmentation.face_parsing import CLASSES, Parser
from animate_cli.faces.segmentation.matte import load_matte
from animate_cli.layers.grid import warp
from animate_cli.layers.weight_io import save_half
from animate_cli.models.sparse_to_dense.model import PRIOR_COARSENESS
from animate_cli.models.sparse_to_dense.network import SparseMotion
from animate_cli.models.sparse_to_dense.presets import network_config, read_network
from animate_cli.models.sparse_to_dense.records import SparseMotionOutput
from animate_cli.models.sparse_to_dense.render_steps import prior_grid
from animate_cli.models.thin_plate.model import LandmarkGrid
from animate_cli.records import Image
from animate_cli.train.losses.discriminator import Discriminator, DiscriminatorConfig, frozen
from animate_cli.train.losses.losses import gan_critic, gan_generator, part_mismatch
from animate_cli.train.losses.perceptual import (
    Features,
    Perceptual,
    load_perceptual,
    same_random_crop,
)
from animate_cli.train.objective import Batch, GanLosses
from animate_cli.train.objectives.sparse_to_dense.flow_guide import guide_grid
from animate_cli.train.objectives.sparse_to_dense.loss_terms import LossTerms, LossWeights
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples.background_swap import BackgroundSampler, cut_out, every_nth_frame
from animate_cli.train.samples.clip_parsing import with_parts
from animate_cli.train.samples.pair_batch import dev_batch, part_weights, picture, stack_pairs
from animate_cli.train.samples.pairs import (
    ClipFrames,
    Pair,
    PairAugment,
    PairSampler,
    read_clip_frames,
)
from animate_cli.train.samples.reposed_portraits import read_reposed
from animate_cli.train.samples.samples import is_dev, read_rows
from animate_cli.typed import typed

SHOWN = 6
_METRIC = {Features.VGG19: "vgg19", Features.SQUEEZENET: "squeezenet", Features.LPIPS: "squeezenet"}


class SparseToDenseObjective:
    """Samples pairs of frames and compares the network's output with the driver's frame."""

    def __init__(
        self,
        recipe: Recipe,
        perceptual: Perceptual | None,
        train: list[ClipFrames],
        dev: list[ClipFrames],
        backgrounds: BackgroundSampler | None = None,
    ) -> None:
        """perceptual: None where the recipe gives L_per no weight; backgrounds: None where no
        background is replaced."""
        choice = read_network(recipe.network, where="recipe, table [network]")
        self.config = network_config(choice)
        self._steps = frozenset(choice.steps)
        self._loss = typed(LossWeights, recipe.loss, where="recipe, table [loss]")
        self._augment = typed(PairAugment, recipe.augment, where="recipe, table [augment]")
        self.network: nn.Module = SparseMotion(self.config)
        self._perceptual = perceptual
        self._matte = load_matte(self._loss.matte) if self.config.layered else None
        self.frozen_networks: tuple[nn.Module, ...] = tuple(
            network for network in (perceptual, self._matte) if network is not None
        )
        self._sampler, self._backgrounds = PairSampler(train), backgrounds
        self._is_parsed = bool(self._loss.parsing or recipe.data.cutouts or recipe.data.reposed)
        self._prior = LandmarkGrid(self._augment.size, coarseness=PRIOR_COARSENESS)
        self._dev = dev_batch(dev, self._augment.size, with_body=self._augment.no_body_prob < 1)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """Pairs: source, driver (B, 3, S, S) uint8, their landmarks (B, 74, 2) px, and the prior
        grid between them (B, S, S, 2); with λ_f also the guide (B, S, S, 2)."""
        pairs = stack_pairs([self._pair(rng) for _ in range(size)])
        return self._with_guide(self._with_prior(pairs))

    def _pair(self, rng: np.random.Generator) -> Pair:
        if self._backgrounds is not None and rng.random() < self._augment.background_prob:
            return self._backgrounds(self._augment, rng)
        return self._sampler(self._augment, rng)

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L_total without a critic's part."""
        terms = self._terms(self._run(network, batch), batch)
        return terms.total(self._loss), terms.figures()

    def _terms(self, made: SparseMotionOutput, batch: Batch) -> LossTerms:
        """All terms but the critic's, which is 0."""
        target = picture(batch["driver"])
        weights = part_weights(batch["driver_px"], target.shape[-1], self._loss.parts)
        zero = target.new_zeros(())
        return LossTerms(
            l1=((made.image - target).abs() * weights).mean(),
            perceptual=self._perceived(*same_random_crop(made.image, target, self._loss.view)),
            gan=zero,
            parsing=_parsing(made, batch) if self._loss.parsing else zero,
            warped=((made.warped - target).abs() * weights).mean(),
            painted=((made.painted - target).abs() * weights).mean(),
            regular=(made.grid - batch["prior"]).abs().mean(),
            guided=_guided(made, batch, weights) if self._loss.guided else zero,
            mask=made.mask.mean(),
        )

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """L1, L1 at eyes and mouth, L_per: the network's over the prior's; score: mean of L1's and
        L_per's ratio."""
        network.eval()
        ours, prior = torch.zeros(3), torch.zeros(3)
        for start in range(0, len(self._dev["source"]), 16):
            batch = self._dev_part(network, slice(start, start + 16))
            ours += self._figures(self._run(network, batch).image, batch)
            prior += self._figures(warp(picture(batch["source"]), batch["prior"]), batch)
        network.train()
        l1, parts, perceptual = (ours / prior.clamp_min(1e-9)).tolist()
        return {
            "score": l1 if self._perceptual is None else (l1 + perceptual) / 2,
            "l1_ratio": l1,
            "parts_ratio": parts,
            "perceptual_ratio": perceptual,
        }

    def export(self, network: nn.Module, path: Path) -> None:
        """fp16 safetensors with the config, and the metrics of `animate eval` it was trained by."""
        taught = [] if self._perceptual is None else [_METRIC[self._loss.teacher]]
        taught += ["parsing"] if self._is_parsed else []
        known = json.dumps([*taught, "landmarks"])
        notes = {"objective": "sparse_to_dense", "trained_on": known}
        save_half(network, self.config, path, notes=notes)

    @torch.no_grad()
    def sheet(self, network: nn.Module) -> Image:
        """Dev pairs, one per row: source, driver, prior, warped, mask, result."""
        network.eval()
        step = max(1, len(self._dev["source"]) // SHOWN)
        batch = self._dev_part(network, slice(0, step * SHOWN, step))
        made = self._run(network, batch)
        network.train()
        source, driver = picture(batch["source"]), picture(batch["driver"])
        moved = warp(source, batch["prior"])
        mask = made.mask.expand(-1, 3, -1, -1)
        rows = torch.cat((source, driver, moved, made.warped, mask, made.image), dim=3)
        sheet = torch.cat(tuple(rows), dim=1).clamp(0, 1)
        return (255 * sheet).byte().permute(1, 2, 0).cpu().numpy()

    def _run(self, network: nn.Module, batch: Batch) -> SparseMotionOutput:
        source = picture(batch["source"])
        prior = batch["prior"] if self.config.prior else None
        points = batch["source_px"], batch["moved_px"]
        matte = None
        if self._matte is not None:
            with torch.no_grad():
                matte = self._matte(source, batch["source_px"]).float()
        made: SparseMotionOutput = network(source, *points, prior, matte, steps=self._steps)
        return made

    @torch.no_grad()
    def _with_prior(self, batch: Batch) -> Batch:
        points = batch["source_px"], batch["driver_px"], batch["body"]
        moved_px, prior = prior_grid(self._prior, *points, self._steps)
        return batch | {"moved_px": moved_px, "prior": prior}

    @torch.no_grad()
    def _with_guide(self, batch: Batch) -> Batch:
        if not self._loss.guided:
            return batch
        source, driver = picture(batch["source"]), picture(batch["driver"])
        return batch | {"guide": guide_grid(source, driver, batch["prior"])}

    def _dev_part(self, network: nn.Module, part: slice) -> Batch:
        """Some dev pairs with their prior, on the network's device."""
        device = next(network.parameters()).device
        batch = self._with_prior({key: value[part] for key, value in self._dev.items()})
        return {key: value.to(device) for key, value in batch.items()}

    def _perceived(self, image: Tensor, target: Tensor) -> Tensor:
        """L_per: (B, 3, S, S) twice -> scalar; 0 without a teacher."""
        return image.new_zeros(()) if self._perceptual is None else self._perceptual(image, target)

    def _figures(self, image: Tensor, batch: Batch) -> Tensor:
        """Sums over the batch of L1, L1 at eyes and mouth, and L_per: (3,)."""
        target = picture(batch["driver"])
        apart = (image - target).abs().mean(dim=1, keepdim=True)
        parts = part_weights(batch["driver_px"], target.shape[-1], 1.0) - 1
        share = (apart * parts).sum(dim=(1, 2, 3)) / parts.sum(dim=(1, 2, 3)).clamp_min(1e-6)
        perceptual = self._perceived(image, target) * len(image)
        return torch.stack((apart.mean(dim=(1, 2, 3)).sum(), share.sum(), perceptual)).cpu()


class AdversarialSparseToDense(SparseToDenseObjective):
    """`SparseToDenseObjective` with a critic: adds L_gan, and the critic's own loss."""

    def __init__(
        self,
        recipe: Recipe,
        perceptual: Perceptual | None,
        train: list[ClipFrames],
        dev: list[ClipFrames],
        backgrounds: BackgroundSampler | None = None,
    ) -> None:
        super().__init__(recipe, perceptual, train, dev, backgrounds)
        critic = typed(DiscriminatorConfig, recipe.critic, where="recipe, table [critic]")
        self.critic: nn.Module = Discriminator(critic)

    def gan_losses(self, network: nn.Module, critic: nn.Module, batch: Batch) -> GanLosses:
        """L_total, and the critic's own loss, eq. 5."""
        made, target = self._run(network, batch), picture(batch["driver"])
        both = critic(torch.cat((target, made.image.detach())))
        true, generated = zip(*(scale.chunk(2) for scale in both), strict=True)
        with frozen(self.critic) as fixed:
            gan = gan_generator(fixed(made.image))
        terms = replace(self._terms(made, batch), gan=gan)
        return GanLosses(
            loss=terms.total(self._loss),
            critic_loss=gan_critic(true, generated),
            figures=terms.figures(),
        )


def _guided(made: SparseMotionOutput, batch: Batch, weights: Tensor) -> Tensor:
    """|w ⊙ (F − G)|, in a layered network only where the person is."""
    apart = (made.grid - batch["guide"]).abs().permute(0, 3, 1, 2)
    person = 1.0 if made.share is None else made.share.detach()
    return (apart * weights * person).mean()


def _parsing(made: SparseMotionOutput, batch: Batch) -> Tensor:
    """L_par between the maps of both frames."""
    return part_mismatch(batch["source_parts"], batch["driver_parts"], made.grid, classes=CLASSES)


def build(recipe: Recipe) -> SparseToDenseObjective:
    """The objective with its clips in memory.

    Raises:
        TrainError: no clips of training or of dev people.
        WeightsError: the teacher's weights are not in `loss.folder`, or the parser is missing.
    """
    loss = typed(LossWeights, recipe.loss, where="recipe, table [loss]")
    perceptual = None
    if loss.perceptual:
        folder = Path(recipe.data.root) / loss.folder
        perceptual = load_perceptual(kind=loss.teacher, folder=folder, scales=loss.scales)
    clips, backgrounds = _read_clips(recipe, loss)
    train = [clip for clip in clips if not is_dev(clip.identity)]
    dev = [clip for clip in clips if is_dev(clip.identity)]
    if not train or not dev:
        raise TrainError("too few clips to keep one person in ten apart", hint="add clips")
    kind = AdversarialSparseToDense if loss.gan else SparseToDenseObjective
    return kind(recipe, perceptual, train, dev, backgrounds)


def _read_clips(
    recipe: Recipe, loss: LossWeights
) -> tuple[list[ClipFrames], BackgroundSampler | None]:
    """The recipe's clips with reposed portraits, and its background sampler; None: not used."""
    data, file = recipe.data, Path(recipe.data.root) / loss.parser
    maps = Path(loss.maps) if loss.maps else hub.runs_dir() / "parts"
    rows = read_rows(data, "train")
    train_rows = [row for row in rows if not is_dev(row.identity)]
    clips = list(read_clip_frames(rows, data.clip_stride))
    backgrounds = None
    if data.cutouts:
        people = [
            every_nth_frame(clip, data.cutouts) for clip in clips if not is_dev(clip.identity)
        ]
        backgrounds = cut_out(people, train_rows, Parser(file, size=256), maps)
    if data.reposed:
        rng = np.random.default_rng(recipe.steps.seed)
        clips += read_reposed(train_rows, Parser(file), frames=data.reposed, rng=rng)
    if loss.parsing:
        parser = Parser(file)
        clips = [with_parts(clip, parser, maps) for clip in clips]
    return clips, backgrounds
