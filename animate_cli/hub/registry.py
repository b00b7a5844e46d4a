"""The list of known weights: rows of weights/registry.toml, and addresses on the Hub.

    liveportrait                      a name: a row of the registry
    hf://org/repo/folder/file@main    an address: any file of any repository; without @, @main

For an address, neither the licence nor the sha256 is known beforehand.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from animate_cli.errors import OptionError, WeightsError
from animate_cli.hub import environment
from animate_cli.hub.formats import SUFFIXES
from animate_cli.typed import typed

REGISTRY = "registry.toml"
SCHEME = "hf://"
BRANCH = "main"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WORD = re.compile(r"[\w.-]+")


class CommercialUse(StrEnum):
    """Whether the licence allows commercial use."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class WeightFile:
    """One file of an entry.

    path: inside the repository, or beside the registry; part: its name for the model;
    sha256: None: that of the first use counts; size: in bytes; None: not known.
    """

    path: str
    part: str = ""
    sha256: str | None = None
    size: int | None = None

    @property
    def file_name(self) -> str:
        """The file's name without folders."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class WeightEntry:
    """One row of the registry.

    kind: the kind of network; card: a file beside the registry, or an address; models: the models
    that load the weights; repo, revision: on the Hub; None if only embedded.
    """

    name: str
    kind: str
    licence: str
    commercial_use: CommercialUse
    trained_on: str
    card: str
    files: tuple[WeightFile, ...]
    models: tuple[str, ...] = ()
    repo: str | None = None
    revision: str | None = None

    @property
    def size(self) -> int | None:
        """Size of all files together in bytes; None if one is not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def sha256(self) -> str | None:
        """The file's sha256, or one of all files' sha256; None if one is not known."""
        digests = [file.sha256 for file in self.files]
        return None if None in digests else joined([digest or "" for digest in digests])

    def file(self, part: str | None = None) -> WeightFile:
        """The file named `part`; None: the only file.

        Raises:
            WeightsError: no such part, or several files and no part given.
        """
        if part is None and len(self.files) == 1:
            return self.files[0]
        found = [file for file in self.files if file.part == part]
        if part is not None and found:
            return found[0]
        message = f"the weights {self.name!r} have no part {part!r}"
        parts = ", ".join(file.part for file in self.files if file.part)
        hint = f"name one of: {parts}" if parts else "they are one file; this model needs several"
        raise WeightsError(message, hint=hint)

    def address(self, file: WeightFile) -> str:
        """hf://org/repo/file@revision, or the name alone if only embedded."""
        if self.repo is None:
            return f"{self.name}/{file.path}"
        return f"{SCHEME}{self.repo}/{file.path}@{self.revision or BRANCH}"


def registry() -> tuple[WeightEntry, ...]:
    """All weights in the registry.

    Raises:
        WeightsError: the registry is missing or is not a list of entries.
    """
    path = environment.embedded_dir() / REGISTRY
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["weight"]
        return tuple(typed(WeightEntry, row, where=f"row {i}") for i, row in enumerate(rows, 1))
    except (OSError, KeyError, TypeError, tomllib.TOMLDecodeError, OptionError) as error:
        hint = "install the package again: its own registry of weights is part of it"
        raise WeightsError(f"{path}: not a registry of weights ({error})", hint=hint) from error


def entry(name: str) -> WeightEntry:
    """The entry with that name, or one made from an address hf://org/repo/file@revision.

    Raises:
        WeightsError: no such name, or a malformed address.
    """
    if name.startswith(SCHEME):
        return at_address(name)
    entries = {one.name: one for one in registry()}
    if name in entries:
        return entries[name]
    if Path(name).name != name or Path(name).suffix:
        raise _no_weights_at(Path(name))
    close = difflib.get_close_matches(name, entries, n=1)
    meant = f"did you mean {close[0]!r}? " if close else ""
    hint = f"{meant}`animate weights list` shows all names; hf://org/repo/file is one, too"
    raise WeightsError(f"no weights are called {name!r}", hint=hint)


def _no_weights_at(path: Path) -> WeightsError:
    """The error for a path that is not a weight file."""
    kinds = ", ".join(SUFFIXES)
    if not path.exists():
        return WeightsError(f"{path} does not exist", hint=f"a file of weights ends in {kinds}")
    if path.is_dir():
        return WeightsError(f"{path} is a folder", hint=f"this model takes one file: {kinds}")
    return WeightsError(f"{path} is no file of weights", hint=f"one ends in {kinds}")


def for_model(model: str) -> tuple[WeightEntry, ...]:
    """All entries that a model loads."""
    return tuple(one for one in registry() if model in one.models)


def at_address(address: str) -> WeightEntry:
    """An entry of one file, made from its address."""
    place, _, revision = address.removeprefix(SCHEME).partition("@")
    words = place.split("/")
    if len(words) < 3 or not all(_WORD.fullmatch(word) and set(word) != {"."} for word in words):
        hint = "write hf://org/repo/file or hf://org/repo/folder/file@revision"
        raise WeightsError(f"{address!r} is not a file on the Hub", hint=hint)
    return WeightEntry(
        name=address,
        kind="given by its address",
        licence="unknown",
        commercial_use=CommercialUse.UNKNOWN,
        trained_on="unknown",
        card=f"the repository {words[0]}/{words[1]}",
        files=(WeightFile(path="/".join(words[2:])),),
        repo="/".join(words[:2]),
        revision=revision or BRANCH,
    )


def is_commit(revision: str) -> bool:
    """Whether a revision is a commit, which never changes."""
    return _COMMIT.fullmatch(revision) is not None


def joined(digests: list[str]) -> str:
    """One digest for several files, in their order; a single digest stays as it is."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
