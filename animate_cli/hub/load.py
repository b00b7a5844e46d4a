"""Loads weights by name: finds or downloads the file, verifies it, and reads its tensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from animate_cli.digest import sha256_of
from animate_cli.hub import environment
from animate_cli.hub.cache import require_commercial
from animate_cli.hub.checksum import WeightUsed, used
from animate_cli.hub.fetch import fetch_file
from animate_cli.hub.formats import SUFFIXES, read, read_published
from animate_cli.hub.registry import SCHEME, entry, for_model, joined, registry
from animate_cli.hub.transfer import TransferLog

if TYPE_CHECKING:
    from torch import Tensor


def obtain(name: str, part: str | None = None) -> Path:
    """The verified file of these weights; it is downloaded if it is missing and published.

    name: in the registry, an address hf://org/repo/file@revision, or a path of the user's file.

    Raises:
        WeightsError: no such weights, not downloadable, damaged, or not for commercial use
            although ANIMATE_COMMERCIAL_ONLY is set.
    """
    if is_own_file(name):
        return Path(name)
    weights = entry(name)
    if environment.commercial_only():
        require_commercial(weights)
    return fetch_file(weights, weights.file(part), TransferLog())


def load(name: str) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and CPU tensors of a verified safetensors file.

    Raises:
        WeightsError: as `obtain`, or not safetensors.
    """
    return read(obtain(name))


def load_published(name: str, part: str | None = None, *, under: str = "") -> dict[str, Tensor]:
    """CPU tensors by name of a published state dict, in any format that `formats` reads.

    part: which file of an entry that has several; under: as `formats.read_published`.

    Raises:
        WeightsError: as `obtain`, or a pickle that would run code.
    """
    return read_published(obtain(name, part), under=under)


def used_by(model: str, weights: str | None = None) -> tuple[WeightUsed, ...]:
    """The records of all weights that a model loads, for a report.

    weights: used instead of the model's own; a folder counts as one record.
    """
    if weights is None:
        return tuple(used(one.name) for one in for_model(model))
    if _is_known(weights):
        return (used(weights),)
    path = Path(weights)
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
    digests = [sha256_of(file) for file in (files if path.is_dir() else [path])]
    return (WeightUsed(name=path.name, sha256=joined(digests)),)


def require_commercial_model(model: str, weights: str | None = None) -> None:
    """Refuse a model whose weights are not for commercial use, before anything is fetched.

    weights: used instead of the model's own; a file or folder of the user is not checked.

    Raises:
        WeightsError: the licence forbids it, or is not known.
    """
    given = (entry(weights),) if weights is not None and _is_known(weights) else ()
    for one in given if weights is not None else for_model(model):
        require_commercial(one)


def is_own_file(name: str) -> bool:
    """Whether the name is a path of a weight file, by its suffix."""
    return not name.startswith(SCHEME) and Path(name).suffix in SUFFIXES


def _is_known(weights: str) -> bool:
    """Whether the weights are a name of the registry or an address, not a path."""
    return weights.startswith(SCHEME) or weights in {one.name for one in registry()}
