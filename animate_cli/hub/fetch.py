"""Downloads from the Hub into its cache; a download resumes, and is verified before it is used.

The Hub's client finds the file's address and places the finished file in its cache. The bytes are
downloaded here, because the client restarts a broken download and verifies no checksum. A partial
file is blobs/ETAG.incomplete; the client's lock on that ETag is held meanwhile, so that only one
program downloads it.
"""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from animate_cli.digest import sha256_of
from animate_cli.errors import WeightsError
from animate_cli.hub import environment
from animate_cli.hub.cache import commit_of, find, how_to_get, repo_folder, require_commercial
from animate_cli.hub.checksum import WeightState, expected_sha256, file_state, verified
from animate_cli.hub.download_errors import DISK_FULL, as_weights_error
from animate_cli.hub.registry import BRANCH, WeightEntry, WeightFile, is_commit
from animate_cli.hub.transfer import OnTransfer, Transfer, TransferLog, download
from animate_cli.hub.trust import Trusted, forget, trust, trusted

logger = logging.getLogger(__name__)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ETAG = re.compile(r"[\w-]+")


@dataclass(frozen=True, kw_only=True)
class _Published:
    """A file's address and digests on the Hub. sha256: of a large file, its ETag; else None."""

    url: str
    etag: str
    commit: str
    size: int | None

    @property
    def sha256(self) -> str | None:
        return self.etag if _SHA256.fullmatch(self.etag) else None


def fetch(weights: WeightEntry, *, on_transfer: OnTransfer | None = None) -> tuple[Path, ...]:
    """All files of an entry, from this machine where they are whole, else from the Hub.

    Damaged files in the Hub's cache are replaced.

    Raises:
        WeightsError: offline, unreachable, not published, no space, or not the bytes expected.
    """
    if environment.commercial_only():
        require_commercial(weights)
    on_transfer = on_transfer or TransferLog()
    for file in weights.files:
        path = find(weights, file)
        if path is not None and file_state(weights, file) is WeightState.DAMAGED:
            _discard(path)
    return tuple(fetch_file(weights, file, on_transfer) for file in weights.files)


def renew(weights: WeightEntry, *, on_transfer: OnTransfer | None = None) -> tuple[Path, ...]:
    """As `fetch`, but forget the sha256 of the first use and take the file published now.

    The old file stays in use until the new one is complete.
    """
    if environment.commercial_only():
        require_commercial(weights)
    on_transfer = on_transfer or TransferLog()
    for file in weights.files:
        if weights.repo is not None and file.sha256 is None:
            with _without_record(weights.address(file)):
                _download(weights, file, on_transfer)
    return fetch(weights, on_transfer=on_transfer)


def fetch_file(weights: WeightEntry, file: WeightFile, on_transfer: OnTransfer) -> Path:
    """One file, verified; fetched only if it is missing.

    Raises:
        WeightsError: as `fetch`, or damaged.
    """
    if weights.repo is not None and find(weights, file) is None:
        _download(weights, file, on_transfer)
    return verified(weights, file)


def _download(weights: WeightEntry, file: WeightFile, on_transfer: OnTransfer) -> None:
    if environment.is_offline():
        raise WeightsError(
            f"the weights {weights.name!r} are not on this machine ({file.path}), "
            "and HF_HUB_OFFLINE forbids to fetch them",
            hint=f"unset HF_HUB_OFFLINE; {how_to_get(weights, file)}",
        )
    if file == weights.files[0]:
        licence = f"{weights.licence} (commercial use: {weights.commercial_use})"
        logger.info("%s: from the Hub's %s; licence: %s", weights.name, weights.repo, licence)
    with as_weights_error(
        f"{weights.name}, {file.path}",
        weights.repo or "",
        weights.revision or BRANCH,
        otherwise=how_to_get(weights, file),
    ):
        published = _look_up(weights, file)
        sha256 = _download_blob(weights, file, published, on_transfer)
        _link_snapshot(weights, file, published)
    if file.sha256 is None or not is_commit(weights.revision or ""):
        trust(weights.address(file), Trusted(sha256=sha256, commit=published.commit))


def _look_up(weights: WeightEntry, file: WeightFile) -> _Published:
    """Ask the Hub for the file's address; raises the client's errors."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    endpoint, revision = environment.hub_endpoint(), commit_of(weights, file)
    url = hf_hub_url(str(weights.repo), file.path, revision=revision, endpoint=endpoint)
    found = get_hf_file_metadata(url, endpoint=endpoint, library_name="animate")
    if not found.commit_hash or not found.etag or not _ETAG.fullmatch(found.etag):
        message = f"{url}: the answer is not that of a Hub (no commit or no ETag)"
        raise WeightsError(message, hint="check HF_ENDPOINT, and the proxy if there is one")
    commit = found.commit_hash
    pinned = hf_hub_url(str(weights.repo), file.path, revision=commit, endpoint=endpoint)
    return _Published(url=pinned, etag=found.etag, commit=commit, size=found.size)


def _download_blob(
    weights: WeightEntry, file: WeightFile, published: _Published, on_transfer: OnTransfer
) -> str:
    """Download the file into the cache, verify it, and return its sha256."""
    expected = expected_sha256(weights, file) or published.sha256
    with _locked_blob(weights, published.etag) as blob:
        if blob.is_file() and expected in (None, sha256_of(blob)):
            return sha256_of(blob)  # another program was first
        part = blob.with_name(f"{blob.name}.incomplete")
        _require_space(part, published.size)

        def report(done: int) -> None:
            total = published.size
            on_transfer(Transfer(name=weights.name, file=file.file_name, done=done, total=total))

        report(part.stat().st_size if part.is_file() else 0)
        try:
            download(published.url, part, published.size, report)
        except OSError as error:
            if error.errno in DISK_FULL:
                part.unlink(missing_ok=True)  # rather than keep the disk full
            raise
        found = sha256_of(part)
        if expected is not None and found != expected:
            part.unlink()
            raise WeightsError(
                f"{weights.name}, {file.path}: the download has sha256 {found[:12]}…, "
                f"expected was {expected[:12]}…; it was deleted",
                hint="fetch it again; if that does not help, the mirror or proxy alters files, or "
                "another file is published there now (`animate weights fetch NAME --renew` takes it"
                " where the registry names no sha256)",
            )
        part.replace(blob)
        return found


def _link_snapshot(weights: WeightEntry, file: WeightFile, published: _Published) -> None:
    """Let the client link the commit's snapshot to the downloaded file."""
    from huggingface_hub import hf_hub_download

    hf_hub_download(
        str(weights.repo),
        file.path,
        revision=published.commit,
        cache_dir=environment.hub_cache_dir(),
        endpoint=environment.hub_endpoint(),
        library_name="animate",
    )


@contextmanager
def _locked_blob(weights: WeightEntry, etag: str) -> Iterator[Path]:
    """Yield the path of the partial download, holding the client's lock on it."""
    from huggingface_hub.utils import WeakFileLock

    folder = repo_folder(weights)
    lock = folder.parent / ".locks" / folder.name / f"{etag}.lock"
    for needed in (folder / "blobs", lock.parent):
        needed.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        yield folder / "blobs" / etag


def _require_space(part: Path, size: int | None) -> None:
    have = part.stat().st_size if part.is_file() else 0
    free = shutil.disk_usage(part.parent).free
    if size is not None and size - have > free:
        raise WeightsError(
            f"{part.parent}: {(size - have) / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free",
            hint="make room, or choose another disk with HF_HOME",
        )


@contextmanager
def _without_record(address: str) -> Iterator[None]:
    """Forget the first-use record inside the block; restore it if the block fails."""
    seen = trusted(address)
    forget(address)
    try:
        yield
    except BaseException:
        if seen is not None:
            trust(address, seen)
        raise


def _discard(path: Path) -> None:
    """Delete a link of the Hub's cache and the file behind it, but no file that a user placed."""
    if path.is_relative_to(environment.hub_cache_dir()):
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)
