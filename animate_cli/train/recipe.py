"""What a training was told: one TOML file that states only differences from these defaults.

    extends = "landmarks.toml"     # the recipe this one differs from, beside it
    name = "landmarks-no-shape"    # its folder, unless --output says otherwise
    loss.shape = 0.0               # the only difference

The keys are the fields of the records below, their defaults are written nowhere else. The tables
`network`, `loss`, `augment` and `critic` are typed by the objective: for "landmarks" by
`LandmarkConfig`, `LandmarkLoss` and `AugmentConfig`.
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


class Precision(StrEnum):
    """What networks compute in while they are trained; weights and averages stay fp32."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class Optimiser(StrEnum):
    """How gradients become steps: AdamW, or `train.engine.swats`, which goes on as SGD."""

    ADAMW = "adamw"
    SWATS = "swats"


class DataLayout(StrEnum):
    """How a folder of further training pictures is laid out: the readers in `sources`."""

    CLIPS = "clips"
    WFLW = "wflw"
    PTS = "pts"
    RENDERED = "rendered"


@dataclass(frozen=True, kw_only=True)
class SourceRecipe:
    """Further training pictures; dev stays what it is without them.

    layout, root: what is where. list: of "wflw", the annotation file below root. stride: every
    n-th frame of clips and videos, every n-th picture. count, model: of "rendered", how many
    squares and the ICT head's .npz to draw them from; squares that root lacks are drawn.
    """

    layout: DataLayout
    root: str
    list: str = ""
    stride: int = 1
    count: int = 2000
    model: str = ""


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """Which pictures: folders in the layout of `data.read_samples`.

    root: holds a manifest.csv, or clips x.mp4 each with its x.npz. terms: rows of the manifest
    with these terms are used; empty: all. clip_stride: every n-th frame of a clip. reposed:
    portraits become clips of so many frames (`train.samples.reposed_portraits`), 0: none do.
    cutouts: people are cut out of every n-th frame, to stand before other backgrounds
    (`train.samples.background_swap`), 0: none are; [augment] backdrop says how often. extra: tables
    [[data.extra]]."""

    root: str = "data"
    terms: tuple[str, ...] = ()
    clip_stride: int = 3
    reposed: int = 0
    cutouts: int = 0
    extra: tuple[SourceRecipe, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StepRecipe:
    """How long and how fast: linear warm-up, constant rate, linear cool-down to zero.

    batch: pictures at once in every process; accumulate: batches per step, their gradients
    averaged. workers: processes that draw batches ahead of the step; 0: drawn in the loop, as
    batch n depends on (seed, n) alone, with the same result. precision: fp16 and bf16 pay on GPUs.
    save_every: steps that a crash may cost; Ctrl-C costs none. optimiser: of the network; a critic
    is trained by AdamW, at the same rate. beta1: share of the past in the mean gradient.
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
    """What is told: every n-th step; sheets with every evaluation; TensorBoard needs its extra."""

    every: int = 20
    sheets: bool = True
    tensorboard: bool = False


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training.

    objective: module in `train/objectives`; network, loss, augment, critic: tables that it types.
    init: weights to start from (a name in the registry or a .safetensors file); empty: nothing.
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


def read_recipe(path: Path) -> Recipe:
    """A recipe from its file and from those it extends.

    Raises:
        OptionError: a file is missing, is not TOML, extends itself, holds unknown keys or counts
            below 1.
    """
    recipe = typed(Recipe, _table(path, ()), where=f"recipe {path}")
    _check(recipe, path)
    return recipe


def changed(recipe: Recipe, *, data: Path | None, steps: int | None) -> Recipe:
    """The recipe with what the command line says otherwise."""
    if data is not None:
        recipe = replace(recipe, data=replace(recipe.data, root=str(data)))
    if steps is not None:
        recipe = replace(recipe, steps=replace(recipe.steps, steps=steps))
    return recipe


def _table(path: Path, above: tuple[Path, ...]) -> dict[str, Any]:
    """The file's table laid over that of the file it extends."""
    if path.resolve() in above:
        raise OptionError(f"recipe {path} extends itself", hint="break the circle of `extends`")
    table = _toml(path)
    base = table.pop("extends", None)
    if base is None:
        return table
    if not isinstance(base, str):
        raise OptionError(f"recipe {path}: extends {base!r}", hint="give a path in quotes")
    return _laid_over(_table(path.parent / base, (*above, path.resolve())), table)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(
            f"cannot read recipe {path}: {error.strerror}", hint="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} is not TOML: {error}", hint="correct the file") from None


def _laid_over(base: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Tables are merged key by key; everything else, lists too, is replaced."""
    merged = dict(base)
    for key, value in table.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _check(recipe: Recipe, path: Path) -> None:
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
