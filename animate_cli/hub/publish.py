"""Uploads weights, their config and their card to the Hub in one commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from animate_cli.digest import sha256_of
from animate_cli.errors import WeightsError
from animate_cli.hub import environment
from animate_cli.hub.download_errors import as_weights_error
from animate_cli.hub.formats import SAFETENSORS, read
from animate_cli.hub.registry import BRANCH

CONFIG = "config.json"
CARD = "README.md"  # the Hub shows it on the repository's page
ROW = """[[weight]]
name = "{name}"
kind = ""
licence = ""
commercial_use = "unknown"
trained_on = ""
card = "{card}"
repo = "{repo}"
revision = "{revision}"

[[weight.files]]
path = "{file}"
sha256 = "{sha256}"
size = {size}"""


class Visibility(StrEnum):
    """Visibility of a repository that the upload creates."""

    PRIVATE = "private"
    PUBLIC = "public"


def publish(weights: Path, *, repo: str, card: Path, visibility: Visibility) -> str:
    """Upload weights and card; return the registry's row, pinned to the new commit.

    repo: org/name, created if it does not exist. The weights' metadata must hold their config, as
    `animate train` writes it; it becomes config.json.

    Raises:
        WeightsError: the file or card cannot be used, or the Hub is offline, unreachable or
            refuses.
    """
    metadata, _ = read(_checked(weights, card))
    if "config" not in metadata:
        hint = "publish a file that `animate train` wrote"
        raise WeightsError(f"{weights}: carries no config", hint=hint)
    if environment.is_offline():
        raise WeightsError("HF_HUB_OFFLINE forbids to publish", hint="unset HF_HUB_OFFLINE")
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=environment.hub_endpoint(), library_name="animate")
    what = f"{weights} to {repo}"
    with as_weights_error(what, repo, BRANCH, otherwise="then push again"), _uploading(what):
        api.create_repo(repo, private=visibility is Visibility.PRIVATE, exist_ok=True)
        commit = api.create_commit(
            repo,
            operations=[
                CommitOperationAdd(path_in_repo=weights.name, path_or_fileobj=weights),
                CommitOperationAdd(
                    path_in_repo=CONFIG, path_or_fileobj=metadata["config"].encode()
                ),
                CommitOperationAdd(path_in_repo=CARD, path_or_fileobj=card),
            ],
            commit_message=f"{weights.stem}: weights, config, card",
        )
    return ROW.format(
        name=weights.stem,
        card=card.name,
        repo=repo,
        revision=commit.oid,
        file=weights.name,
        sha256=sha256_of(weights),
        size=weights.stat().st_size,
    )


@contextmanager
def _uploading(what: str) -> Iterator[None]:
    """Turn the client's errors into `WeightsError`; it hides some in a `RuntimeError`."""
    try:
        yield
    except RuntimeError as error:
        reason = error.__cause__ or error
        raise WeightsError(f"{what}: {reason}", hint="push again; nothing was published") from error


def _checked(weights: Path, card: Path) -> Path:
    if weights.suffix != SAFETENSORS:
        raise WeightsError(f"{weights}: is no {SAFETENSORS} file", hint="only such are published")
    if not card.is_file() or not card.read_text(encoding="utf-8").strip():
        hint = "write what it was trained on, its licence and figures; weights/ has examples"
        raise WeightsError(f"{card}: no model card", hint=hint)
    return weights
