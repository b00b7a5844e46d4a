"""The stages of a training: which one comes next, with which weights it begins, where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from animate_cli.errors import TrainError
from animate_cli.train.recipe import Recipe

WEIGHTS = "best.safetensors"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a training.

    recipe: its own, of which `init` names the weights it begins with; number: from 1 to count;
    folder: of the whole training; steps_before: made by the stages before it.
    """

    recipe: Recipe
    number: int
    count: int
    folder: Path
    steps_before: int

    @property
    def weights(self) -> Path:
        """The file of its best weights."""
        return _weights(self.folder, self.number, self.count)

    @property
    def label(self) -> str:
        """For messages, "stage 2 of 4, registration"; empty where a training has one stage."""
        if self.count == 1:
            return ""
        return f"stage {self.number} of {self.count}, {self.recipe.name}"


def stages_from(recipe: Recipe, folder: Path, *, number: int, steps_before: int) -> Iterator[Stage]:
    """The stages of a recipe from one of them on, each beginning with the best weights before it.

    Args:
        number: of the first one, from 1; steps_before: made before it.

    Raises:
        TrainError: the recipe has no stage of that number.
    """
    count = len(recipe.stages)
    if number > count:
        raise TrainError(
            f"{folder} holds a training in its stage {number}; recipe {recipe.name} has {count}",
            hint="choose another --output folder, or delete this one to start over",
        )
    for index in range(number, count + 1):
        own = recipe.stages[index - 1]
        if index > 1:
            own = replace(own, init=str(_weights(folder, index - 1, count)))
        yield Stage(recipe=own, number=index, count=count, folder=folder, steps_before=steps_before)
        steps_before += own.steps.steps


def _weights(folder: Path, number: int, count: int) -> Path:
    """`best.safetensors` of the last stage, `stage_1.safetensors` of the first of several."""
    return folder / (WEIGHTS if number == count else f"stage_{number}.safetensors")
