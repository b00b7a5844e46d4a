"""Finds weight files on this machine and checks them; makes no request. Looked for in order:

1. embedded in the package
2. placed by hand in the cache folder (offline installations)
3. the Hub's cache, shared with every program that uses its client
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from animate_cli.digest import sha256_of
from animate_cli.errors import WeightsError
from animate_cli.hub import environment
from animate_cli.hub.registry import (
    BRANCH,
    SCHEME,
    CommercialUse,
    WeightEntry,
    WeightFile,
    entry,
    is_commit,
    joined,
)
from animate_cli.hub.trust import Trusted, lock_path, trust, trusted


class WeightState(StrEnum):
    """The state of an entry's files on this machine; of several files, the worst.

    FIRST_USE: unchanged since they were first used here. NEW: present, but neither the registry
    nor this machine has a sha256 to compare with: the first use records it.
    """

    OK = "ok"
    FIRST_USE = "first use"
    NEW = "new"
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class WeightUsed:
    """Weights that a run used: their name and sha256."""

    name: str
    sha256: str


def placed_path(weights: WeightEntry, file: WeightFile) -> Path:
    """The path in the cache folder where a user may put the file by hand."""
    root = environment.cache_dir()
    if weights.name.startswith(SCHEME):
        return root / str(weights.repo).replace("/", "--") / file.file_name
    return root / file.file_name if weights.repo is None else root / weights.name / file.file_name


def find(weights: WeightEntry, file: WeightFile) -> Path | None:
    """The file on this machine, unchecked; None if it is not here."""
    places = (environment.embedded_dir() / file.path, placed_path(weights, file))
    by_hand = next((path for path in places if path.is_file()), None)
    return by_hand or _in_hub_cache(weights, file)


def commit_of(weights: WeightEntry, file: WeightFile) -> str:
    """The revision to download: for a branch, the commit at which it was first used here."""
    revision = weights.revision or BRANCH
    if is_commit(revision):
        return revision
    seen = trusted(weights.address(file))
    return seen.commit if seen is not None and seen.commit else revision


def expected_sha256(weights: WeightEntry, file: WeightFile) -> str | None:
    """The sha256 in the registry, else the one seen at first use, else None."""
    if file.sha256 is not None:
        return file.sha256
    seen = trusted(weights.address(file))
    return seen.sha256 if seen else None


def file_state(weights: WeightEntry, file: WeightFile) -> WeightState:
    """The state of one file."""
    path, expected = find(weights, file), expected_sha256(weights, file)
    if path is None:
        return WeightState.MISSING
    if expected is None:
        return WeightState.NEW
    if sha256_of(path) != expected:
        return WeightState.DAMAGED
    return WeightState.OK if file.sha256 is not None else WeightState.FIRST_USE


def state(name: str) -> WeightState:
    """The state of all files of the entry with this name."""
    weights, order = entry(name), list(WeightState)
    return max((file_state(weights, file) for file in weights.files), key=order.index)


def cached_path(name: str, part: str | None = None) -> Path | None:
    """The file of these weights on this machine; None where there is none.

    Its content is not looked at: `verified_path` does that.
    """
    weights = entry(name)
    return find(weights, weights.file(part))


def verified_path(name: str, part: str | None = None) -> Path:
    """The file of these weights, its sha256 checked (some 5 ms for the embedded ones).

    If no sha256 is known, the file's own is recorded, and later uses must match it.

    Raises:
        WeightsError: missing, or with another sha256 than expected.
    """
    weights = entry(name)
    return verified(weights, weights.file(part))


def verified(weights: WeightEntry, file: WeightFile) -> Path:
    """As `verified_path`, for one file of an entry."""
    path, expected = find(weights, file), expected_sha256(weights, file)
    if path is None:
        raise WeightsError(
            f"the weights {weights.name!r} are not on this machine ({file.path})",
            hint=how_to_get(weights, file),
        )
    found = sha256_of(path)
    if expected is None:
        trust(weights.address(file), Trusted(sha256=found))
    elif found != expected:
        hint = (
            f"the file is damaged or another version: delete it, then {how_to_get(weights, file)}"
        )
        message = f"{path}: sha256 is {found[:12]}…, {_sha256_origin(file)} {expected[:12]}…"
        raise WeightsError(message, hint=hint)
    return path


def used(name: str) -> WeightUsed:
    """The record of these weights for a report; several files share one digest."""
    weights = entry(name)
    digests = [
        expected_sha256(weights, file) or sha256_of(verified(weights, file))
        for file in weights.files
    ]
    return WeightUsed(name=name, sha256=joined(digests))


def require_commercial(weights: WeightEntry) -> None:
    """Refuse weights whose licence does not clearly allow commercial use.

    Raises:
        WeightsError: the licence forbids it, or is not known.
    """
    if weights.commercial_use is not CommercialUse.YES:
        says = "forbids" if weights.commercial_use is CommercialUse.NO else "is not known to allow"
        raise WeightsError(
            f"the weights {weights.name!r}: the licence ({weights.licence}) {says} commercial use",
            hint="choose others (`animate weights list --commercial-only`), or take back "
            "--commercial-only or ANIMATE_COMMERCIAL_ONLY",
        )


def how_to_get(weights: WeightEntry, file: WeightFile) -> str:
    """A hint how to get a missing file."""
    if weights.repo is None:
        return "install the package again: these weights are part of it"
    revision = weights.revision or BRANCH
    return (
        f"`animate weights fetch {weights.name}` gets it; without network, download {file.path} "
        f"from the Hub's {weights.repo} at revision {revision} and put it at "
        f"{placed_path(weights, file)}"
    )


def advice(name: str) -> str:
    """A hint for the first file of an entry that is missing or damaged; "" if none is."""
    weights = entry(name)
    for file in weights.files:
        state, path = file_state(weights, file), find(weights, file)
        if state is WeightState.DAMAGED:
            return f"delete {path}, then {how_to_get(weights, file)}"
        if state is WeightState.MISSING:
            return how_to_get(weights, file)
    return ""


def repo_folder(weights: WeightEntry) -> Path:
    """The folder of a repository in the Hub's cache, by the layout that its client documents."""
    return environment.hub_cache_dir() / f"models--{str(weights.repo).replace('/', '--')}"


def _in_hub_cache(weights: WeightEntry, file: WeightFile) -> Path | None:
    if weights.repo is None or not repo_folder(weights).is_dir():  # spares importing the client
        return None
    from huggingface_hub import try_to_load_from_cache

    for revision in dict.fromkeys((commit_of(weights, file), weights.revision or BRANCH)):
        found = try_to_load_from_cache(
            weights.repo, file.path, cache_dir=environment.hub_cache_dir(), revision=revision
        )
        if isinstance(found, str):
            return Path(found)
    return None


def _sha256_origin(file: WeightFile) -> str:
    if file.sha256 is not None:
        return "the registry says"
    return f"on its first use it was ({lock_path()})"
