"""The default model's objective: one frame of a clip drawn from another.

Zhao et al. 2021, section 3.4:

    L = λ₁ · |w ⊙ (T − D)| + λ_p · L_per(T, D) + λ_r · |w ⊙ (E − D)| + λ_o · |w ⊙ (R − D)|
        + λ_g · |F − prior| + λ_f · |w ⊙ (F − G)| + λ_m · mean(M) + λ_s · L_par(F) + λ_D · L_gan(T)

    symbol | name    | here
    T, E, R, F | image, warped, painted, grid | `models.sparse_to_dense.records.SparseMotionOutput`
    L_per  | perceptual          | eq. 4, `train.losses.perceptual`
    w      | weights             | 1, and more about eyes and mouth (ours)
    λ_r    | warped              | refine loss of Yi et al. 2020, eq. 9: the warp alone should do
    λ_o    | painted             | ours: R learns everywhere, else M shuts before R is any good
    λ_g    | regular             | ours: the prior is left only where it pays
    λ_f    | guided              | ours: G is the motion that the frames show, `flow_guide`
    λ_m    | mask                | ours: painting costs the photo's own detail, see ResWarp
    L_par  | parsing             | eq. 7, `losses.part_mismatch`
    L_gan  | gan                 | eqs. 5 and 6, `losses.gan_critic`, `gan_network`

Departures from the paper: eq. 8's plain sum is the `paper` recipe; the weights are ours.
"""

from __future__ import annotations

import json
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
from animate_cli.train.engine.critic import frozen
from animate_cli.train.losses.discriminator import Discriminator, DiscriminatorConfig
from animate_cli.train.losses.losses import gan_critic, gan_network, part_mismatch
from animate_cli.train.losses.perceptual import Features, Perceptual, load_perceptual, same_view
from animate_cli.train.objective import Batch, GanLosses
from animate_cli.train.objectives.sparse_to_dense.flow_guide import guide_grid
from animate_cli.train.objectives.sparse_to_dense.loss_weights import LossWeights
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples.background_swap import BackgroundSampler, cut_out, thinned
from animate_cli.train.samples.clip_parsing import with_parts
from animate_cli.train.samples.pair_batch import dev_batch, part_weights, picture, stacked
from animate_cli.train.samples.pairs import (
    ClipFrames,
    Pair,
    PairAugment,
    PairDraw,
    read_clip_frames,
)
from animate_cli.train.samples.reposed_portraits import read_reposed
from animate_cli.train.samples.samples import is_dev, read_rows
from animate_cli.typed import typed

SHOWN = 6
_JUDGE = {Features.VGG19: "vgg19", Features.SQUEEZENET: "squeezenet", Features.LPIPS: "squeezenet"}


class SparseToDenseObjective:
    """Draws pairs, scores pictures."""

    def __init__(
        self,
        recipe: Recipe,
        perceptual: Perceptual | None,
        train: list[ClipFrames],
        dev: list[ClipFrames],
        before: BackgroundSampler | None = None,
    ) -> None:
        choice = read_network(recipe.network, where="recipe, table [network]")
        self.config = network_config(choice)
        self._steps = frozenset(choice.steps)
        self._loss = typed(LossWeights, recipe.loss, where="recipe, table [loss]")
        self._augment = typed(PairAugment, recipe.augment, where="recipe, table [augment]")
        self.network: nn.Module = SparseMotion(self.config)
        self._perceptual = perceptual
        self._matte = load_matte(self._loss.matte) if self.config.layered else None
        self.judges: tuple[nn.Module, ...] = tuple(
            judge for judge in (perceptual, self._matte) if judge is not None
        )
        self._draw, self._before = PairDraw(train), before
        self._is_parsed = bool(self._loss.parsing or recipe.data.cutouts or recipe.data.reposed)
        self._prior = LandmarkGrid(self._augment.size, coarseness=PRIOR_COARSENESS)
        self._dev = dev_batch(dev, self._augment.size, with_body=self._augment.unseen < 1)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """Pairs: source, driver (B, 3, S, S) uint8, their landmarks (B, 74, 2) px, and the prior
        grid between them (B, S, S, 2); with λ_f also the guide (B, S, S, 2)."""
        drawn = stacked([self._pair(rng) for _ in range(size)])
        return self._with_guide(self._with_prior(drawn))

    def _pair(self, rng: np.random.Generator) -> Pair:
        if self._before is not None and rng.random() < self._augment.backdrop:
            return self._before(self._augment, rng)
        return self._draw(self._augment, rng)

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L of the module's docstring, without a critic's part."""
        return self._compare(self._run(network, batch), batch)

    def _compare(self, drawn: SparseMotionOutput, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        target, loss = picture(batch["driver"]), self._loss
        weights = part_weights(batch["driver_px"], target.shape[-1], loss.parts)
        l1 = ((drawn.image - target).abs() * weights).mean()
        perceptual = self._perceived(*same_view(drawn.image, target, loss.view))
        warped = ((drawn.warped - target).abs() * weights).mean()
        painted = ((drawn.painted - target).abs() * weights).mean()
        regular = (drawn.grid - batch["prior"]).abs().mean()
        parts = {
            "l1": l1,
            "perceptual": perceptual,
            "warped": warped,
            "painted": painted,
            "regular": regular,
            "mask": drawn.mask.mean(),
        }
        if loss.guided:
            apart = (drawn.grid - batch["guide"]).abs().permute(0, 3, 1, 2)
            there = 1.0 if drawn.share is None else drawn.share.detach()
            parts["guided"] = (apart * weights * there).mean()
        if loss.parsing:
            maps = (batch["source_parts"], batch["driver_parts"])
            parts["parsing"] = part_mismatch(*maps, drawn.grid, classes=CLASSES)
        total = torch.stack([getattr(loss, key) * part for key, part in parts.items()]).sum()
        return total, {key: value.item() for key, value in parts.items()}

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
        """fp16 safetensors with the config inside, and which judges of `animate eval` it knows."""
        taught = [] if self._perceptual is None else [_JUDGE[self._loss.teacher]]
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
        drawn = self._run(network, batch)
        network.train()
        source, driver = picture(batch["source"]), picture(batch["driver"])
        moved = warp(source, batch["prior"])
        mask = drawn.mask.expand(-1, 3, -1, -1)
        rows = torch.cat((source, driver, moved, drawn.warped, mask, drawn.image), dim=3)
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
        drawn: SparseMotionOutput = network(source, *points, prior, matte, steps=self._steps)
        return drawn

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
    """The same against a critic."""

    def __init__(
        self,
        recipe: Recipe,
        perceptual: Perceptual | None,
        train: list[ClipFrames],
        dev: list[ClipFrames],
        before: BackgroundSampler | None = None,
    ) -> None:
        super().__init__(recipe, perceptual, train, dev, before)
        critic = typed(DiscriminatorConfig, recipe.critic, where="recipe, table [critic]")
        self.critic: nn.Module = Discriminator(critic)

    def play(self, network: nn.Module, critic: nn.Module, batch: Batch) -> GanLosses:
        """L with the critic's part, and the critic's loss."""
        drawn, target = self._run(network, batch), picture(batch["driver"])
        loss, figures = self._compare(drawn, batch)
        judged = critic(torch.cat((target, drawn.image.detach())))
        true, false = zip(*(scale.chunk(2) for scale in judged), strict=True)
        with frozen(self.critic) as judge:
            gan = gan_network(judge(drawn.image))
        return GanLosses(
            loss=loss + self._loss.gan * gan,
            critic_loss=gan_critic(true, false),
            figures=figures | {"gan": gan.item()},
        )


def build(recipe: Recipe) -> SparseToDenseObjective:
    """The objective with its clips in memory.

    Raises:
        TrainError: no clips of training or of dev people.
        WeightsError: the teacher's weights are not in `loss.folder`, or the parser is missing.
    """
    loss = typed(LossWeights, recipe.loss, where="recipe, table [loss]")
    folder = Path(recipe.data.root) / loss.folder
    perceptual = (
        load_perceptual(kind=loss.teacher, folder=folder, scales=loss.scales)
        if loss.perceptual
        else None
    )
    rows = read_rows(recipe.data, "train")
    clips = list(read_clip_frames(rows, recipe.data.clip_stride))
    parser_file = Path(recipe.data.root) / loss.parser
    maps = Path(loss.maps) if loss.maps else hub.runs_dir() / "parts"
    theirs = [row for row in rows if not is_dev(row.identity)]
    before = None
    if recipe.data.cutouts:
        people = [thinned(c, recipe.data.cutouts) for c in clips if not is_dev(c.identity)]
        before = cut_out(people, theirs, Parser(parser_file, size=256), maps)
    if recipe.data.reposed:
        rng = np.random.default_rng(recipe.steps.seed)
        clips += read_reposed(theirs, Parser(parser_file), frames=recipe.data.reposed, rng=rng)
    if loss.parsing:
        parser = Parser(parser_file)
        clips = [with_parts(clip, parser, maps) for clip in clips]
    train = [clip for clip in clips if not is_dev(clip.identity)]
    dev = [clip for clip in clips if is_dev(clip.identity)]
    if not train or not dev:
        raise TrainError("too few clips to keep one person in ten apart", hint="add clips")
    made = AdversarialSparseToDense if loss.gan else SparseToDenseObjective
    return made(recipe, perceptual, train, dev, before)
