"""Who is scored: models by name, with their own weights or others, and the still source."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from animate_cli import hub
from animate_cli.digest import sha256_of
from animate_cli.errors import OptionError, WeightsError
from animate_cli.models.find import model_names

STILL = "still"
BASELINES = (STILL, "thin_plate")
TRAINED_ON = "trained_on"  # key of a weight's metadata: JSON list of judges it has learned from
_FILE = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One column of the table.

    name: the model's, with FOLDER/FILE of its weights where they are not its own; model: its name,
    empty for the still source; weights: as asked for, None: its own; sha256: of the weights file,
    empty where there is none; trained_on: judges that supplied its training with a loss or with
    labels, by name.
    """

    name: str
    model: str
    weights: str | None = None
    sha256: str = ""
    trained_on: tuple[str, ...] = ()

    def learned_from(self, judge: str) -> bool:
        """Whether this judge's figures are no longer an independent opinion."""
        return judge in self.trained_on


def read_candidates(wishes: list[str]) -> list[Candidate]:
    """The baselines, then MODEL or MODEL:WEIGHTS as wished, each once.

    Raises:
        OptionError: no such model.
        WeightsError: the weights are missing or damaged.
    """
    entrants = [_entrant(wish) for wish in dict.fromkeys((*BASELINES, *wishes))]
    names = [entrant.name for entrant in entrants]
    twice = {name for name in names if names.count(name) > 1}
    return [
        replace(one, name=f"{one.model}:{one.weights}") if one.name in twice else one
        for one in entrants
    ]


def _entrant(wish: str) -> Candidate:
    if wish == STILL:
        return Candidate(name=STILL, model="")
    model, _, weights = wish.partition(":")
    if model not in model_names():
        hint = f"models are {', '.join(model_names())}; other weights: MODEL:FILE{_FILE}"
        raise OptionError(f"there is no model named {model!r}", hint=hint)
    if _is_published_by_others(weights or model):
        sha256 = hub.used(weights or model).sha256
        return Candidate(name=wish, model=model, weights=weights or None, sha256=sha256)
    path = _weights_path(weights or model, is_asked_for=bool(weights))
    if path is None:
        return Candidate(name=model, model=model)
    metadata, _ = hub.read(path)
    return Candidate(
        name=f"{model}:{_short(weights)}" if weights else model,
        model=model,
        weights=weights or None,
        sha256=sha256_of(path),
        trained_on=_judges(metadata.get(TRAINED_ON), path),
    )


def _short(weights: str) -> str:
    path = Path(weights)
    return f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem


def _is_published_by_others(weights: str) -> bool:
    """Several files, which say nothing of their training."""
    return any(entry.name == weights and len(entry.files) > 1 for entry in hub.registry())


def _weights_path(weights: str, *, is_asked_for: bool) -> Path | None:
    """What a file, an address or a registered name stands for; none for a model without weights."""
    is_registered = any(entry.name == weights for entry in hub.registry())
    return hub.obtain(weights) if is_registered or is_asked_for else None


def _judges(text: str | None, path: Path) -> tuple[str, ...]:
    try:
        names = json.loads(text or "[]")
    except json.JSONDecodeError:
        names = None
    if not isinstance(names, list):
        hint = "train it again with this version"
        raise WeightsError(f"{path}: {TRAINED_ON!r} is not a JSON list", hint=hint)
    return tuple(str(name) for name in names)
