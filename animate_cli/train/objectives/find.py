"""The recipe's objective, found by its name and imported only then."""

from __future__ import annotations

import difflib
import importlib

from animate_cli.errors import OptionError
from animate_cli.train.objective import Objective
from animate_cli.train.recipe import Recipe

_MODULES = {
    "landmarks": "landmarks.static",
    "landmarks_sbr": "landmarks.registration",
    "matte": "matte",
    "patch_landmarks": "patch_landmarks",
    "shape": "shape.objective",
    "sparse_to_dense": "sparse_to_dense.objective",
}
"""Name in a recipe -> the module below this package that has `build`."""


def build_objective(recipe: Recipe) -> Objective:
    """The recipe's objective, with its data loaded.

    Raises:
        OptionError: no objective has that name.
    """
    if recipe.objective not in _MODULES:
        near = difflib.get_close_matches(recipe.objective, _MODULES, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(_MODULES)}"
        raise OptionError(f"no objective is called '{recipe.objective}'", hint=hint)
    module = importlib.import_module(f"{__package__}.{_MODULES[recipe.objective]}")
    return module.build(recipe)  # type: ignore[no-any-return]
