"""Verifies weight files: a file is used only if it has the expected sha256.

The registry states the expected sha256; if it does not, that of the first use counts. A mismatch
raises a `WeightsError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from animate_cli.digest import sha256_of
from animate_cli.errors import WeightsError
from animate_cli.hub.cache import find, how_to_get
from animate_cli.hub.registry import WeightEntry, WeightFile, entry, joined
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


def _sha256_origin(file: WeightFile) -> str:
    if file.sha256 is not None:
        return "the registry says"
    return f"on its first use it was ({lock_path()})"
