"""Models by name: a model's name is its package's name, and only the chosen one is imported.

`models/NAME/model.py` defines `create_model(*, device) -> FaceModel`. A model with weights also
takes `weights`: a registered name or a .safetensors file, None for its own; a model that several
engines can run also takes `engine`. There is no list of models: the packages are the list.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animate_cli.errors import OptionError
from animate_cli.options import Engine

if TYPE_CHECKING:
    from animate_cli.models.base import FaceModel


def model_names() -> tuple[str, ...]:
    """Every model there is, sorted; imports none of them."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(one.name for one in found if one.ispkg))


def find_model(
    name: str, *, device: str, weights: str | None = None, engine: Engine = Engine.TORCH
) -> FaceModel[Any, Any, Any]:
    """The model of that name, on a device ("cpu", "cuda:0", "mps").

    weights: a registered name or a .safetensors file; None: the model's own, if it has any.
    engine: for a model that runs by torch alone, auto means torch.

    Raises:
        OptionError: a name that is no model, weights for a model that has none, an engine that
            is not installed or not for this model.
        WeightsError: the weights are missing, damaged or another model's.
    """
    known = model_names()
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}"
        raise OptionError(f"there is no model named {name!r}", hint=hint)
    create = importlib.import_module(f"animate_cli.models.{name}.model").create_model
    known_to_it = inspect.signature(create).parameters.keys()
    given: dict[str, object] = {} if weights is None else {"weights": weights}
    if not given.keys() <= known_to_it:
        message = f"the model {name!r} has no weights, so it cannot use {weights}"
        raise OptionError(message, hint="leave the weights out, or choose another model")
    if "engine" in known_to_it:
        given["engine"] = engine
    elif engine not in (Engine.AUTO, Engine.TORCH):
        message = f"the model {name!r} runs by torch alone, so it cannot use --engine {engine}"
        raise OptionError(message, hint="leave --engine out, or choose another model")
    model: FaceModel[Any, Any, Any] = create(device=device, **given)
    return model
