"""What a training was told: one TOML file that states only differences from these defaults."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from animate_cli.errors import OptionError
from animate_cli.typed import typed


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """Which pictures: folders in the layout of `data.read_samples`.

    terms: rows of the manifest with these terms are used; empty: all.
    clip_stride: every n-th frame of a clip.
    """

    root: str = "data"
    terms: tuple[str, ...] = ()
    clip_stride: int = 3


@dataclass(frozen=True, kw_only=True)
class StepRecipe:
    """How long and how fast: linear warm-up, constant rate, linear cool-down to zero."""

    steps: int = 10_000
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 200
    cooldown_fraction: float = 0.25
    clip_norm: float = 1.0
    ema_decay: float = 0.998
    evaluate_every: int = 500
    save_every: int = 250
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole training.

    objective: module in `train/objectives`; network, augment: tables that the objective types.
    init: weights file to start from (name in the registry or path), empty: from nothing.
    """

    objective: str
    name: str
    init: str = ""
    data: DataRecipe = field(default_factory=DataRecipe)
    steps: StepRecipe = field(default_factory=StepRecipe)
    network: dict[str, Any] = field(default_factory=dict)
    loss: dict[str, Any] = field(default_factory=dict)
    augment: dict[str, Any] = field(default_factory=dict)


def read_recipe(path: Path) -> Recipe:
    """A recipe from its file.

    Raises:
        OptionError: the file is missing, is not TOML, or holds unknown keys.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(
            f"cannot read recipe {path}: {error.strerror}", hint="check the path"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} is not TOML: {error}", hint="correct the file") from None
    return typed(Recipe, table, where=f"recipe {path}")


def changed(recipe: Recipe, *, data: Path | None, steps: int | None) -> Recipe:
    """The recipe with what the command line says otherwise."""
    if data is not None:
        recipe = replace(recipe, data=replace(recipe.data, root=str(data)))
    if steps is not None:
        recipe = replace(recipe, steps=replace(recipe.steps, steps=steps))
    return recipe
