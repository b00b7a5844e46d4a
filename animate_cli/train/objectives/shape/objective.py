"""The shape model's objective: the reprojection error at the landmarks of tracked people.

Non-rigid structure from motion by alternation. Every step fits identity, expression and pose of a
batch of people to the current model (`faces.shape3d.fit`, without gradient), then takes a gradient
step on mean and modes of

    L = mean of ρ(|x − x̂| / s) + prior · (|Δm|² + |ΔI|² + |ΔE|²)

with Δ the difference from the initial model, principal components of scanned heads. Constraints:
mean and modes are symmetric; each expression mode moves the points of one part alone; differences
of mean and identity contain no shift, rotation or scale of the points without the jaw, so that zero
degrees mean the same pose as for the scanned heads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from animate_cli.data.pictures import label_of
from animate_cli.errors import TrainError
from animate_cli.faces.points import MEDIAPIPE, OUTER_EYE_CORNERS
from animate_cli.faces.shape3d.fit import solve, spread
from animate_cli.faces.shape3d.model import LINEAR, ShapeConfig, ShapeModel, see
from animate_cli.layers.weight_io import save_half
from animate_cli.train.objective import Batch
from animate_cli.train.objectives.shape.initial_shape import build_prior
from animate_cli.train.objectives.shape.trainable_shape import (
    ShapeNet,
    centre_gaze,
    level_pitch,
    standardise,
)
from animate_cli.train.recipe import Recipe
from animate_cli.train.samples.samples import TrainingClip, is_dev, read_rows
from animate_cli.train.synthetic import ict_head
from animate_cli.typed import typed

HEAD = "ict_face.npz"  # in the data folder
FRAMES = 12  # of a clip, in a batch
DEV_FRAMES = 24
DEV_POSES = 64
POSE_RANGE_DEG = (40.0, 20.0, 20.0)


@dataclass(frozen=True, kw_only=True)
class ShapeLoss:
    """scale: of Cauchy's ρ, in units; prior: weight of the difference from the initial model;
    pictures: single pictures per clip of a batch."""

    scale: float = 0.03
    prior: float = 0.02
    pictures: int = 2


class ShapeObjective:
    """Samples people, fits the model to them, and minimises the residual."""

    def __init__(
        self, recipe: Recipe, head: ict_head.IctHead, train: _TrackedPeople, dev: _TrackedPeople
    ) -> None:
        self.config = typed(ShapeConfig, recipe.network, where="recipe, table [network]")
        self._loss = typed(ShapeLoss, recipe.loss, where="recipe, table [loss]")
        self._prior = build_prior(head, self.config)
        self.network: nn.Module = ShapeNet(self._prior)
        self._train, self._dev = train, dev
        self._measured = torch.from_numpy(np.stack(train.one_each()))
        self._pictures = torch.from_numpy(np.stack(train.pictures))
        self._heads = _posed_heads(head)

    def batch(self, size: int, rng: np.random.Generator) -> Batch:
        """clips (size, FRAMES, 72, 2): one person each; pictures (pictures · size, 1, 72, 2)."""
        drawn = rng.integers(len(self._pictures), size=self._loss.pictures * size)
        return {
            "clips": torch.from_numpy(np.stack([self._train.draw(rng) for _ in range(size)])),
            "pictures": self._pictures[drawn, None, :LINEAR],
        }

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """L of the module's docstring, and its two terms for the log."""
        model: ShapeModel = network()
        clips = self._distance(model, batch["clips"])
        pictures = self._distance(model, batch["pictures"])
        moved = torch.stack([p.square().sum() for p in network.parameters()]).sum()
        total = clips + pictures + self._loss.prior * moved
        return total, {"clips": clips.item(), "pictures": pictures.item(), "moved": moved.item()}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Mean distance of dev people's points from the model, in % of the outer eye corners'
        distance; mean error of pose on the head model's own points, in degrees."""
        model = self._finished(network)
        clips = torch.cat([_errors(model, clip) for clip in self._dev.samples(DEV_FRAMES)])
        pictures = _errors(model, torch.from_numpy(np.stack(self._dev.pictures))[:, None])
        points, angles_deg = self._heads
        posed = solve(model, points[:, None], torch.ones(len(points), 1, LINEAR)).pose.angles_deg
        yaw, pitch, roll = (posed[:, 0] - angles_deg).abs().mean(dim=0).tolist()
        return {
            "score": 100 * clips.mean().item(),
            "pictures": 100 * pictures.mean().item(),
            "yaw_deg": yaw,
            "pitch_deg": pitch,
            "roll_deg": roll,
        }

    @torch.no_grad()
    def export(self, network: nn.Module, path: Path) -> None:
        """fp16 safetensors with the config inside, coefficients in standard deviations."""
        model = self._finished(network)
        kept = nn.Module()
        for name in ("mean", "identity", "expression", "eyeballs"):
            kept.register_buffer(name, getattr(model, name))
        save_half(kept, model.config, path, notes={"kind": "shape"})

    def _finished(self, network: nn.Module) -> ShapeModel:
        model = standardise(network(), self._prior, self._measured)
        return centre_gaze(level_pitch(model, self._pictures), self._pictures)

    def _distance(self, model: ShapeModel, points: Tensor) -> Tensor:
        found = solve(model, points, torch.ones_like(points[..., 0]))
        shape = model.shape(found.identity[:, None], found.expression)
        apart = (points - see(model, found.pose, shape)) / found.pose.scale[..., None, None]
        ratio = apart.square().sum(dim=-1) / self._loss.scale**2
        return torch.log1p(ratio).mean()


class _TrackedPeople:
    """Tracked clips (T, 72, 2) by person, and single pictures (74, 2)."""

    def __init__(self, rows: list[TrainingClip]) -> None:
        self.pictures: list[NDArray[np.float32]] = []
        self._by_person: dict[str, list[NDArray[np.float32]]] = {}
        for row in rows:
            if row.kind == "clip":
                self._by_person.setdefault(row.identity, []).append(_clip_points(row.path))
            elif (points := label_of(row.path)) is not None:
                self.pictures.append(points)

    @property
    def is_enough(self) -> bool:
        """Whether there are both clips and pictures."""
        return bool(self._by_person and self.pictures)

    def samples(self, most: int) -> Iterator[Tensor]:
        """Every clip, up to `most` frames of it: (1, t, 72, 2)."""
        for clips in self._by_person.values():
            for clip in clips:
                yield torch.from_numpy(clip[None, spread(len(clip), most)])

    def one_each(self) -> list[NDArray[np.float32]]:
        """FRAMES of each person's longest clip, evenly spread."""
        longest = [max(clips, key=len) for clips in self._by_person.values()]
        return [c[np.linspace(0, len(c) - 1, FRAMES).astype(int)] for c in longest]

    def draw(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """FRAMES of one clip of a random person: (FRAMES, 72, 2)."""
        people = list(self._by_person.values())
        clips = people[int(rng.integers(len(people)))]
        clip = clips[int(rng.integers(len(clips)))]
        return clip[np.sort(rng.integers(len(clip), size=FRAMES))]


def build(recipe: Recipe) -> ShapeObjective:
    """The objective with its data in memory; the head model is in the data folder.

    Raises:
        TrainError: the data holds no clips or no pictures of training or dev people.
        InputError: there is no head model.
    """
    rows = read_rows(recipe.data, "train")
    train = _TrackedPeople([row for row in rows if not is_dev(row.identity)])
    dev = _TrackedPeople([row for row in rows if is_dev(row.identity)])
    if not (train.is_enough and dev.is_enough):
        raise TrainError("too few people to keep one in ten apart", hint="add data")
    head = ict_head.load(Path(recipe.data.root) / HEAD)
    return ShapeObjective(recipe, head, train, dev)


def _clip_points(path: Path) -> NDArray[np.float32]:
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as labels:
        return np.asarray(labels["landmarks"][:, MEDIAPIPE[:LINEAR]], np.float32)


def _errors(model: ShapeModel, points: Tensor) -> Tensor:
    """People's mean distance from the model: (P, T, 72 or 74, 2) -> (P, T) units."""
    seen = points[..., :LINEAR, :]
    found = solve(model, seen, torch.ones_like(seen[..., 0]))
    shape = model.shape(found.identity[:, None], found.expression)
    apart = (seen - see(model, found.pose, shape)).norm(dim=-1) / found.pose.scale[..., None]
    frames: Tensor = apart.mean(dim=-1)
    return frames


def _posed_heads(head: ict_head.IctHead) -> tuple[Tensor, Tensor]:
    """Random people in random poses, exactly projected: (N, 72, 2) pixels, (N, 3) degrees."""
    rng = np.random.default_rng(0)
    points, angles = [], []
    for _ in range(DEV_POSES):
        person = rng.normal(size=len(head.identity)).astype(np.float32)
        shape = ict_head.shape(head, person, ict_head.weights(head, {}))
        yaw, pitch, roll = rng.uniform(-1, 1, 3) * POSE_RANGE_DEG
        head_pose = ict_head.IctPose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
        where = ict_head.landmarks(head, shape, head_pose)
        middle = tuple(where[list(OUTER_EYE_CORNERS)].mean(axis=0).tolist())  # no ray to mind
        points.append(ict_head.project(where, ict_head.Camera(target=middle)).xy[:LINEAR])
        angles.append((yaw, pitch, roll))
    return torch.from_numpy(np.stack(points)), torch.tensor(angles)
