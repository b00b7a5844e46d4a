"""A blind study: which of several models' pictures do people like best (Zhao tables 2 and 5, Yi 1).

    page    shows a take per question, every model's picture of it in an order of its own; it knows
            no names, needs no network, and saves what was chosen as a file
    key     says which place was whose; it stays with whoever asks
    votes   a file per person; `tally` counts them with the key

Nothing here guesses a vote: preferences come from people alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from animate_cli.errors import OptionError

SCHEMA = 1
PICTURES = {
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
MOST_BYTES = 400 << 20  # of all pictures together: browsers give up on larger pages
_Z = 1.959963984540054  # of 95 %


@dataclass(frozen=True, kw_only=True)
class Question:
    """One take. pictures: by place on the page; models: whose they are."""

    take: str
    pictures: tuple[Path, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Share:
    """How often a model was chosen; low, high: 95 % interval of its share (Wilson 1927)."""

    model: str
    votes: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What people said: shares of the votes, in the order of the models."""

    people: int
    votes: int
    shares: tuple[Share, ...]


def ask(folders: Mapping[str, Path], *, seed: int, limit: int = 0) -> list[Question]:
    """Takes that every model has a picture of, by the files' stems, in random order.

    limit: as many takes as are drawn; 0: all.

    Raises:
        OptionError: fewer than two models, no take in common, or too much for a page.
    """
    if len(folders) < 2:
        raise OptionError("a study compares two models or more", hint="give MODEL=FOLDER twice")
    shown = {model: _pictures(folder) for model, folder in folders.items()}
    common = sorted(set.intersection(*(set(files) for files in shown.values())))
    if not common:
        hint = "name every model's picture or video of a take alike"
        raise OptionError("the folders have no take in common", hint=hint)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(common))[: limit or None]
    models, questions = list(folders), []
    for k in order:
        places = [models[place] for place in rng.permutation(len(models))]
        pictures = tuple(shown[model][common[k]] for model in places)
        questions.append(Question(take=common[k], pictures=pictures, models=tuple(places)))
    size = sum(path.stat().st_size for q in questions for path in q.pictures)
    if size > MOST_BYTES:
        hint = "ask less with --limit, or make smaller videos"
        raise OptionError(f"{size >> 20} MiB are too much for a page", hint=hint)
    return questions


def study_id(questions: Sequence[Question]) -> str:
    """Of the pictures and their order: votes of another page are told apart by it."""
    digest = hashlib.sha256()
    for question in questions:
        for path in question.pictures:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def key_of(questions: Sequence[Question]) -> dict[str, object]:
    """What the page does not say."""
    return {
        "schema": SCHEMA,
        "study": study_id(questions),
        "takes": [question.take for question in questions],
        "places": [list(question.models) for question in questions],
    }


def tally(key: Path, votes: Sequence[Path]) -> Tally:
    """Count what people chose; a question that somebody left out counts for nobody.

    Raises:
        OptionError: a file cannot be read, is of another study, or has voted already.
    """
    known = _read(key)
    places = _places(known, key)
    counts = dict.fromkeys(sorted(places[0]), 0)
    people: dict[str, Path] = {}
    for path in votes:
        told = _read(path)
        voter = str(told.get("voter"))
        if told.get("study") != known.get("study"):
            hint = "count votes with the key that was written beside their page"
            raise OptionError(f"{path}: votes of another study", hint=hint)
        if voter in people:
            hint = "give every file once"
            raise OptionError(f"{path}: the votes of {people[voter]} again", hint=hint)
        people[voter] = path
        for question, place in _votes(told, places, path):
            counts[places[question][place]] += 1
    total = sum(counts.values())
    shares = tuple(_share(model, count, total) for model, count in counts.items())
    return Tally(people=len(people), votes=total, shares=shares)


def wilson(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    p, z2 = count / total, _Z**2 / total
    middle = (p + z2 / 2) / (1 + z2)
    half = _Z * math.sqrt(p * (1 - p) / total + z2 / (4 * total)) / (1 + z2)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _share(model: str, count: int, total: int) -> Share:
    low, high = wilson(count, total)
    share = count / total if total else math.nan
    return Share(model=model, votes=count, share=share, low=low, high=high)


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise OptionError(f"{folder} is not a folder", hint="give folders of pictures or videos")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    return {path.stem: path for path in files}


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        hint = "give files of `animate study make` and of its page"
        raise OptionError(f"{path}: cannot be read ({error})", hint=hint) from error
    if not isinstance(told, dict):
        raise OptionError(f"{path}: not a study's file", hint="give a key, then votes")
    return told


def _places(known: dict[str, Any], path: Path) -> list[list[str]]:
    places = known.get("places")
    if known.get("schema") != SCHEMA or not isinstance(places, list) or not places:
        hint = "give the key that `animate study make` has written"
        raise OptionError(f"{path}: not the key of a study", hint=hint)
    return [[str(model) for model in question] for question in places]


def _votes(
    told: dict[str, Any], places: Sequence[Sequence[str]], path: Path
) -> list[tuple[int, int]]:
    """(question, place) of everything that was chosen."""
    try:
        found = [(int(question), int(place)) for question, place in told["votes"].items()]
        for question, place in found:
            if not (0 <= question < len(places) and 0 <= place < len(places[question])):
                raise ValueError(f"question {question}, place {place}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "give it as the page has saved it"
        raise OptionError(f"{path}: damaged votes ({error})", hint=hint) from error
    return found
