"""The only door to weights: name -> (embedded | placed in the cache) -> sha256 checked -> loaded.

Also the only file that reads the environment: ANIMATE_HOME moves the cache folder.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from animate_cli.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

REGISTRY = "registry.toml"


class WeightState(StrEnum):
    """What is known of one entry's file on this machine."""

    OK = "ok"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class WeightEntry:
    """One line of the registry.

    kind: what the file holds; size: in bytes; commercial_use: whether the licence allows it;
    card: file beside the registry that says what it was trained on, or a sentence;
    repo, revision: where the file is published, None if it is only ever embedded.
    """

    name: str
    kind: str
    file: str
    sha256: str
    size: int
    licence: str
    commercial_use: bool
    card: str
    repo: str | None = None
    revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class WeightUsed:
    """A weight that took part in a run, named by its content."""

    name: str
    sha256: str


def embedded_dir() -> Path:
    """weights/ as installed in the wheel, or beside the package in a source checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_weights"
    return installed if installed.is_dir() else package.parent / "weights"


def cache_dir() -> Path:
    """Where weights that are not embedded are looked for; nothing is created."""
    return _cache_root() / "weights"


def runs_dir() -> Path:
    """Where trainings keep their checkpoints unless told otherwise; nothing is created."""
    return _cache_root() / "runs"


def config_dir() -> Path:
    """Where a user keeps an animate.toml of their own."""
    home = os.environ.get("ANIMATE_HOME")
    return Path(home) if home else Path(platformdirs.user_config_dir("animate", appauthor=False))


def registry() -> tuple[WeightEntry, ...]:
    """All weights this version knows.

    Raises:
        WeightsError: the registry is missing or is not a list of entries.
    """
    path = embedded_dir() / REGISTRY
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["weight"]
        return tuple(WeightEntry(**row) for row in rows)
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        hint = "install the package again: its own registry of weights is part of it"
        raise WeightsError(f"{path}: not a registry of weights ({error})", hint=hint) from error


def entry(name: str) -> WeightEntry:
    """The registry's entry of that name.

    Raises:
        WeightsError: no such name.
    """
    entries = {one.name: one for one in registry()}
    if name in entries:
        return entries[name]
    close = difflib.get_close_matches(name, entries, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    hint = f"{meant}`animate weights list` shows all names"
    raise WeightsError(f"no weights are called {name!r}", hint=hint)


def cached_path(name: str) -> Path | None:
    """The file of these weights on this machine, embedded or cached; None where there is none.

    Its content is not looked at: `verified_path` does that.
    """
    file = entry(name).file
    places = (embedded_dir() / file, cache_dir() / file)
    return next((place for place in places if place.is_file()), None)


def state(name: str) -> WeightState:
    """Whether the file is here and is what the registry says."""
    path = cached_path(name)
    if path is None:
        return WeightState.MISSING
    return WeightState.OK if sha256_of(path) == entry(name).sha256 else WeightState.DAMAGED


def verified_path(name: str) -> Path:
    """The file of these weights, its sha256 checked (some 5 ms for the embedded ones).

    Raises:
        WeightsError: missing, or not the bytes that the registry names.
    """
    wanted, path = entry(name), cached_path(name)
    if path is None:
        raise WeightsError(
            f"the weights {name!r} are not on this machine", hint=_how_to_get(wanted)
        )
    found = sha256_of(path)
    if found != wanted.sha256:
        message = f"{path}: sha256 is {found[:12]}…, the registry says {wanted.sha256[:12]}…"
        hint = f"the file is damaged or another version: delete it; {_how_to_get(wanted)}"
        raise WeightsError(message, hint=hint)
    return path


def used(name: str) -> WeightUsed:
    """The record of these weights for a report."""
    return WeightUsed(name=name, sha256=entry(name).sha256)


def load(name: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Verified safetensors: the file's own metadata, which the caller types, and its CPU tensors.

    Raises:
        WeightsError: missing, damaged, or not safetensors.
    """
    return read(verified_path(name))


def read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Any safetensors file, such as one that a training wrote; nothing is ever unpickled.

    Raises:
        WeightsError: not such a file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = dict(file.metadata() or {})
            return metadata, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        hint = "give a .safetensors file"
        raise WeightsError(f"{path}: cannot be read as weights ({error})", hint=hint) from error


def sha256_of(path: Path) -> str:
    """Hexadecimal digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cache_root() -> Path:
    home = os.environ.get("ANIMATE_HOME")
    return Path(home) if home else Path(platformdirs.user_cache_dir("animate", appauthor=False))


def _how_to_get(wanted: WeightEntry) -> str:
    if wanted.repo is None:
        return "install the package again: these weights are part of it"
    place = cache_dir() / wanted.file
    version = f" at revision {wanted.revision}" if wanted.revision else ""
    return f"download {wanted.file} from the Hub's {wanted.repo}{version} and put it at {place}"
