"""The candidates to score: models with their own or other weights, and the still source."""

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
TRAINED_ON = "trained_on"  # metadata key of weights: a JSON list of evaluators that trained them
_FILE = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One column of the table.

    name: of the model, with FOLDER/FILE of its weights where they are not its own; model: its name,
    empty for the still source; weights: as given to `--model`, None: its own; sha256: of the
    weights file, empty where there is none; trained_on: names of the evaluators that supplied its
    training with a loss or with labels.
    """

    name: str
    model: str
    weights: str | None = None
    sha256: str = ""
    trained_on: tuple[str, ...] = ()

    def was_trained_on(self, evaluator: str) -> bool:
        """Whether this evaluator took part in training, so that its scores are not independent."""
        return evaluator in self.trained_on


def read_candidates(specs: list[str]) -> list[Candidate]:
    """The baselines, then each MODEL or MODEL:WEIGHTS of the list once.

    Raises:
        OptionError: there is no such model.
        WeightsError: the weights are missing or damaged.
    """
    candidates = [_candidate(spec) for spec in dict.fromkeys((*BASELINES, *specs))]
    names = [candidate.name for candidate in candidates]
    twice = {name for name in names if names.count(name) > 1}
    return [
        replace(one, name=f"{one.model}:{one.weights}") if one.name in twice else one
        for one in candidates
    ]


def _candidate(spec: str) -> Candidate:
    if spec == STILL:
        return Candidate(name=STILL, model="")
    model, _, weights = spec.partition(":")
    if model not in model_names():
        hint = f"models are {', '.join(model_names())}; other weights: MODEL:FILE{_FILE}"
        raise OptionError(f"there is no model named {model!r}", hint=hint)
    if _is_published_by_others(weights or model):
        sha256 = hub.used(weights or model).sha256
        return Candidate(name=spec, model=model, weights=weights or None, sha256=sha256)
    path = _weights_path(weights or model, is_asked_for=bool(weights))
    if path is None:
        return Candidate(name=model, model=model)
    metadata, _ = hub.read(path)
    return Candidate(
        name=f"{model}:{_short(weights)}" if weights else model,
        model=model,
        weights=weights or None,
        sha256=sha256_of(path),
        trained_on=_evaluators(metadata.get(TRAINED_ON), path),
    )


def _short(weights: str) -> str:
    path = Path(weights)
    return f"{path.parent.name}/{path.stem}" if path.parent.name else path.stem


def _is_published_by_others(weights: str) -> bool:
    """Whether the weights are several files of others, which do not say what trained them."""
    return any(entry.name == weights and len(entry.files) > 1 for entry in hub.registry())


def _weights_path(weights: str, *, is_asked_for: bool) -> Path | None:
    """The file of a path, an address or a registered name; None for a model without weights."""
    is_registered = any(entry.name == weights for entry in hub.registry())
    return hub.obtain(weights) if is_registered or is_asked_for else None


def _evaluators(text: str | None, path: Path) -> tuple[str, ...]:
    try:
        names = json.loads(text or "[]")
    except json.JSONDecodeError:
        names = None
    if not isinstance(names, list):
        hint = "train it again with this version"
        raise WeightsError(f"{path}: {TRAINED_ON!r} is not a JSON list", hint=hint)
    return tuple(str(name) for name in names)
