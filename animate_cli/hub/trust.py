"""Trust on first use: records the file of an address's first use, which later uses must match.

The record is weights.lock.json in the cache folder: address -> sha256 and commit. Files whose
sha256 is in the registry need no record.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from animate_cli.errors import OptionError, WeightsError
from animate_cli.hub import environment
from animate_cli.typed import typed

LOCK = "weights.lock.json"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """The first use of an address. commit: of the revision; None: the file was placed by hand."""

    sha256: str
    commit: str | None = None


def lock_path() -> Path:
    """The path of the record."""
    return environment.cache_dir() / LOCK


def trusted(address: str) -> Trusted | None:
    """The first use of an address; None if there was none.

    Raises:
        WeightsError: the record cannot be read.
    """
    return _records().get(address)


def trust(address: str, seen: Trusted) -> None:
    """Record a first use; if the cache cannot be written, warn and go on."""
    try:
        with _change() as records:
            records[address] = seen
    except OSError as error:
        logger.warning("note: %s cannot be written (%s): sha256 not remembered", lock_path(), error)


def forget(address: str) -> None:
    """Delete the record of an address: its next use is a first use."""
    if trusted(address) is not None:
        with _change() as records:
            records.pop(address, None)


@contextmanager
def _change() -> Iterator[dict[str, Trusted]]:
    """Read, change and write the record under a lock."""
    from huggingface_hub.utils import WeakFileLock

    path = lock_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(path.with_suffix(".lock")):
        records = _records()
        yield records
        table = {address: asdict(records[address]) for address in sorted(records)}
        beside = path.with_suffix(".part")
        beside.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
        beside.replace(path)


def _records() -> dict[str, Trusted]:
    path = lock_path()
    if not path.is_file():
        return {}
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return {key: typed(Trusted, row, where=key) for key, row in table.items()}
    except (OSError, ValueError, AttributeError, TypeError, OptionError) as error:
        hint = "delete it: the next use of each file is then its first use"
        raise WeightsError(f"{path}: not a record of checksums ({error})", hint=hint) from error
