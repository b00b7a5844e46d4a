"""A model's name is its file's name; it is imported only when asked for.

A model file defines `create_model(*, device) -> FaceModel`, and `create_model(*, device, weights)`
where it has weights: a registered name or a .safetensors file, None for its own. Nothing lists the
models anywhere.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animate_cli.errors import OptionError

if TYPE_CHECKING:
    from animate_cli.models.base import FaceModel

_NOT_MODELS = {"base", "find"}


def model_names() -> tuple[str, ...]:
    """Every model there is, sorted; imports none of them."""
    files = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(file.name for file in files if file.name not in _NOT_MODELS))


def find_model(name: str, *, device: str, weights: str | None = None) -> FaceModel[Any, Any, Any]:
    """The model of that name, on a device ("cpu", "cuda:0", "mps").

    weights: a registered name or a .safetensors file; None: the model's own, if it has any.

    Raises:
        OptionError: a name that is no model, or weights for a model that has none.
        WeightsError: the weights are missing, damaged or another model's.
    """
    known = model_names()
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}"
        raise OptionError(f"there is no model named {name!r}", hint=hint)
    create = importlib.import_module(f"animate_cli.models.{name}").create_model
    given = {} if weights is None else {"weights": weights}
    if not given.keys() <= inspect.signature(create).parameters.keys():
        message = f"the model {name!r} has no weights, so it cannot use {weights}"
        raise OptionError(message, hint="leave the weights out, or choose another model")
    model: FaceModel[Any, Any, Any] = create(device=device, **given)
    return model
