"""Finds weight files on this machine, without a check or a request. It searches in this order:

1. embedded in the package
2. placed by hand in the cache folder (offline installations)
3. the Hub's cache, shared with every program that uses its client

`animate_cli.hub.checksum` verifies the file.
"""

from __future__ import annotations

from pathlib import Path

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
)
from animate_cli.hub.trust import trusted


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


def cached_path(name: str, part: str | None = None) -> Path | None:
    """The file of these weights on this machine; None where there is none.

    Its content is not looked at: `checksum.verified_path` does that.
    """
    weights = entry(name)
    return find(weights, weights.file(part))


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
