"""A training in one TOML file, which states only what differs from the defaults below.

    extends = "landmarks.toml"     # the recipe this one differs from, a path from this file
    name = "landmarks-no-shape"    # its folder, unless --output names another
    loss.shape = 0.0               # the only difference

    [[stage]]                      # trained first
    name = "small"
    steps.steps = 3000

    [[stage]]                      # begins with the best weights of the stage before
    name = "large"
    network.size = 256

The keys are the fields of the records below; the defaults are written nowhere else. The objective
types the tables `network`, `loss`, `augment` and `critic`: "landmarks" does it by `LandmarkConfig`,
`LandmarkLoss` and `AugmentConfig`.

A recipe overrides the one that it extends, and a stage overrides the rest of its file, by the same
rule: tables merge key by key; any other value, a list too, replaces the overridden one. So a recipe
with stages drops the stages of the one that it extends, and `stage = []` leaves no stages: the
recipe is then trained in one go.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from animate_cli.errors import OptionError
from animate_cli.typed import typed

_OF_THE_WHOLE = {"extends", "init", "stage"}
"""Keys that a stage cannot state."""


class Precision(StrEnum):
    """The number format of the networks' arithmetic in training; weights and averages stay fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class Optimiser(StrEnum):
    """The optimiser of the network: AdamW, or `train.engine.swats` (Adam, then SGD)."""

    ADAMW = "adamw"
    SWATS = "swats"


class DataLayout(StrEnum):
    """The layout of a folder of further training pictures: which reader takes it."""

    CLIPS = "clips"
    WFLW = "wflw"
    PTS = "pts"
    RENDERED = "rendered"


@dataclass(frozen=True, kw_only=True)
class SourceRecipe:
    """A folder of further training pictures; the dev people stay the same without it.

    layout, root: the folder and its layout. list: for "wflw" the annotation file below root.
    stride: every n-th frame of clips and videos, every n-th picture. count, model: for "rendered"
    the number of squares and the ICT head's .npz; squares that root lacks are rendered from it.
    """

    layout: DataLayout
    root: str
    list: str = ""
    stride: int = 1
    count: int = 2000
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """The training pictures: folders in the layout of `train.samples.samples`.

    root: holds a manifest.csv, or clips x.mp4 each with its x.npz. terms: only rows of the manifest
    with these terms are used; empty: all. clip_stride: every n-th frame of a clip. reposed:
    portraits become clips of so many frames (`train.samples.reposed_portraits`); 0: they are not
    used. cutouts: people are cut out of every n-th frame and put before other backgrounds
    (`train.samples.background_swap`); 0: never; [augment] background_prob says how often. extra:
    the tables [[data.extra]]."""

    root: str = "data"
    terms: tuple[str, ...] = ()
    clip_stride: int = 3
    reposed: int = 0
    cutouts: int = 0
    extra: tuple[SourceRecipe, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepRecipe:
    """Length and rate of a training: linear warm-up, constant rate, linear cool-down to zero.

    batch: samples at once in every process; accumulate: batches per step, their gradients
    averaged. workers: processes that prepare batches ahead of the step; 0: the training process
    prepares them itself; batch n depends on (seed, n) alone, so the result is the same. precision:
    fp16 and bf16 are faster on GPUs. save_every: steps between checkpoints, so many a crash may
    cost; Ctrl-C costs none. optimiser: of the network; a critic is trained by AdamW at the same
    rate. beta1: decay of the gradient's running mean.
    """

    steps: int = 10_000
    batch: int = 16
    accumulate: int = 1
    workers: int = 0
    precision: Precision = Precision.FP32
    learning_rate: float = 1e-3
    optimiser: Optimiser = Optimiser.ADAMW
    beta1: float = 0.9
    weight_decay: float = 1e-4
    warmup_steps: int = 200
    cooldown_fraction: float = 0.25
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    evaluate_every: int = 500
    save_every: int = 250
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class LogRecipe:
    """The log: every n-th step; sheets with every evaluation; TensorBoard needs its extra."""

    every: int = 20
    sheets: bool = True
    tensorboard: bool = False


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training, or one stage of it.

    objective: module in `train/objectives`; network, loss, augment, critic: tables that it types.
    init: weights to start from (a name in the registry or a .safetensors file); empty: none.
    stage: the recipes of its stages in order, each with every key of the file; of a stage: none.
    """

    objective: str
    name: str
    init: str = ""
    data: DataRecipe = field(default_factory=DataRecipe)
    steps: StepRecipe = field(default_factory=StepRecipe)
    log: LogRecipe = field(default_factory=LogRecipe)
    network: dict[str, Any] = field(default_factory=dict)
    loss: dict[str, Any] = field(default_factory=dict)
    augment: dict[str, Any] = field(default_factory=dict)
    critic: dict[str, Any] = field(default_factory=dict)
    stage: tuple[Recipe, ...] = ()

    @property
    def stages(self) -> tuple[Recipe, ...]:
        """The recipes that are trained one after the other: its stages, else itself alone."""
        return self.stage or (self,)


def read_recipe(path: Path) -> Recipe:
    """A recipe from its file and from those it extends.

    Raises:
        OptionError: a file is missing, is not TOML, extends itself, holds unknown keys or counts
            below 1, or a stage has no name or states what belongs to the whole file.
    """
    table = _table(path, ())
    stages = table.pop("stage", [])
    recipe = typed(Recipe, table, where=f"recipe {path}")
    recipe = replace(recipe, stage=_read_stages(stages, table, path))
    for part in recipe.stages:
        _check(part, path)
    return recipe


def with_overrides(recipe: Recipe, *, data: Path | None, steps: int | None) -> Recipe:
    """The recipe with the command line's data folder, and its number of steps for every stage."""
    recipe = replace(
        recipe, stage=tuple(with_overrides(stage, data=data, steps=steps) for stage in recipe.stage)
    )
    if data is not None:
        recipe = replace(recipe, data=replace(recipe.data, root=str(data)))
    if steps is not None:
        recipe = replace(recipe, steps=replace(recipe.steps, steps=steps))
    return recipe


def _read_stages(stages: Any, table: Mapping[str, Any], path: Path) -> tuple[Recipe, ...]:
    """The recipes of the tables [[stage]], each merged into the rest of the file."""
    if not isinstance(stages, list) or not all(isinstance(own, Mapping) for own in stages):
        raise OptionError(f"recipe {path}: 'stage' is no list of tables", hint="write [[stage]]")
    read = []
    for number, own in enumerate(stages, start=1):
        where = f"recipe {path}, stage {number}"
        if "name" not in own:
            raise OptionError(f"{where} has no name", hint='add name = "..."')
        for key in _OF_THE_WHOLE & own.keys():
            raise OptionError(f"{where} states '{key}'", hint="write it above the first [[stage]]")
        read.append(typed(Recipe, _merged(table, own), where=where))
    return tuple(read)


def _table(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The file's table, merged into that of the file it extends."""
    if path.resolve() in above:
        raise OptionError(f"recipe {path} extends itself", hint="break the circle of `extends`")
    table = _toml(path)
    base = table.pop("extends", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise OptionError(f"recipe {path}: extends {base!r}", hint="give a path in quotes")
    return _merged(_table(path.parent / base, (*above, path.resolve())), table)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(
            f"cannot read recipe {path}: {error.strerror}", hint="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} is not TOML: {error}", hint="correct the file") from None


def _merged(base: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """`base` overridden by `table`, by the rule of the module's docstring."""
    merged = dict(base)
    for key, value in table.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def _check(recipe: Recipe, path: Path) -> None:
    """Raise `OptionError` for counts below 1."""
    least = {
        "steps.steps": (recipe.steps.steps, 1),
        "steps.batch": (recipe.steps.batch, 1),
        "steps.accumulate": (recipe.steps.accumulate, 1),
        "steps.workers": (recipe.steps.workers, 0),
        "steps.evaluate_every": (recipe.steps.evaluate_every, 1),
        "steps.save_every": (recipe.steps.save_every, 1),
        "log.every": (recipe.log.every, 1),
        "data.clip_stride": (recipe.data.clip_stride, 1),
    }
    for key, (value, bound) in least.items():
        if value < bound:
            raise OptionError(
                f"recipe {path}: {key} is {value}", hint=f"give a number from {bound} up"
            )
