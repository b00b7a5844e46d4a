"""A blind user study: which model's videos do people prefer (Zhao tables 2 and 5, Yi table 1).

    page    shows one clip per question, every model's video of it in random order; it contains no
            names, needs no network, and saves the votes as a file
    key     says which model is at which place; it stays with the author of the study
    votes   a file per person; `tally` counts them with the key

Each preference comes from a person; nothing here predicts one. A video may also be an image.
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
MOST_BYTES = 400 << 20  # of all videos together; browsers do not open larger pages
_Z = 1.959963984540054  # normal quantile of a 95 % interval


@dataclass(frozen=True, kw_only=True)
class Question:
    """One clip. pictures: video or image files by place on the page; models: that made them."""

    clip: str
    pictures: tuple[Path, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Share:
    """How often a model was preferred; low, high: 95 % interval of its share (Wilson 1927)."""

    model: str
    votes: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The votes of all people. shares: by model, in alphabetical order."""

    people: int
    votes: int
    shares: tuple[Share, ...]


def ask(folders: Mapping[str, Path], *, seed: int, limit: int = 0) -> list[Question]:
    """Questions in random order, one for each clip that all models have a file of.

    folders: by model; files of a clip have the same stem in all of them. limit: the number of
    questions; 0: all.

    Raises:
        OptionError: fewer than two models, no clip in common, or files too large for one page.
    """
    if len(folders) < 2:
        raise OptionError("a study compares two models or more", hint="give MODEL=FOLDER twice")
    shown = {model: _pictures(folder) for model, folder in folders.items()}
    common = sorted(set.intersection(*(set(files) for files in shown.values())))
    if not common:
        hint = "give a clip's files the same name in every folder"
        raise OptionError("the folders have no clip in common", hint=hint)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(common))[: limit or None]
    models, questions = list(folders), []
    for k in order:
        places = [models[place] for place in rng.permutation(len(models))]
        pictures = tuple(shown[model][common[k]] for model in places)
        questions.append(Question(clip=common[k], pictures=pictures, models=tuple(places)))
    size = sum(path.stat().st_size for q in questions for path in q.pictures)
    if size > MOST_BYTES:
        hint = "ask less with --limit, or make smaller videos"
        raise OptionError(f"{size >> 20} MiB are too much for a page", hint=hint)
    return questions


def study_id(questions: Sequence[Question]) -> str:
    """A hash of the files and their order, which shows votes of another study."""
    digest = hashlib.sha256()
    for question in questions:
        for path in question.pictures:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def key_of(questions: Sequence[Question]) -> dict[str, object]:
    """The key as JSON: which model is at which place of each question."""
    return {
        "schema": SCHEMA,
        "study": study_id(questions),
        "takes": [question.clip for question in questions],
        "places": [list(question.models) for question in questions],
    }


def tally(key: Path, votes: Sequence[Path]) -> Tally:
    """Count votes; a question that a person did not answer counts for no model.

    Raises:
        OptionError: a file cannot be read, belongs to another study, or was given twice.
    """
    known = _read(key)
    places = _places(known, key)
    counts = dict.fromkeys(sorted(places[0]), 0)
    people: dict[str, Path] = {}
    for path in votes:
        record = _read(path)
        voter = str(record.get("voter"))
        if record.get("study") != known.get("study"):
            hint = "count votes with the key that was written beside their page"
            raise OptionError(f"{path}: votes of another study", hint=hint)
        if voter in people:
            hint = "give every file once"
            raise OptionError(f"{path}: the votes of {people[voter]} again", hint=hint)
        people[voter] = path
        for question, place in _votes(record, places, path):
            counts[places[question][place]] += 1
    total = sum(counts.values())
    shares = tuple(_share(model, count, total) for model, count in counts.items())
    return Tally(people=len(people), votes=total, shares=shares)


def wilson(count: int, total: int) -> tuple[float, float]:
    """95 % interval of the share count / total (Wilson 1927)."""
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
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        hint = "give files of `animate study make` and of its page"
        raise OptionError(f"{path}: cannot be read ({error})", hint=hint) from error
    if not isinstance(record, dict):
        raise OptionError(f"{path}: not a study's file", hint="give a key, then votes")
    return record


def _places(known: dict[str, Any], path: Path) -> list[list[str]]:
    places = known.get("places")
    if known.get("schema") != SCHEMA or not isinstance(places, list) or not places:
        hint = "give the key that `animate study make` has written"
        raise OptionError(f"{path}: not the key of a study", hint=hint)
    return [[str(model) for model in question] for question in places]


def _votes(
    record: dict[str, Any], places: Sequence[Sequence[str]], path: Path
) -> list[tuple[int, int]]:
    """Question and place of every vote."""
    try:
        found = [(int(question), int(place)) for question, place in record["votes"].items()]
        for question, place in found:
            if not (0 <= question < len(places) and 0 <= place < len(places[question])):
                raise ValueError(f"question {question}, place {place}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "give the file as the page saved it"
        raise OptionError(f"{path}: damaged votes ({error})", hint=hint) from error
    return found
