"""What happened to each job: JSON lines, only ever appended, each written before the next step.

A row outlives the process at once, and a power cut as soon as `settle` returns: that takes some
milliseconds, which pass while the workers already have their next jobs.

A line cut off by a crash, or damaged otherwise, is skipped: its job is done again. One file per
shard, so that no two machines write to the same one; all of a folder's journals are read.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from animate_cli.batch.options import Shard
from animate_cli.errors import OptionError, OutputError
from animate_cli.media.target import told
from animate_cli.typed import typed

STEM, SUFFIX = "batch", ".jsonl"
LONGEST_LINE = 1 << 16


class State(StrEnum):
    """What a job came to."""

    STARTED = "started"
    RETRY = "retry"
    DONE = "done"
    QUARANTINED = "quarantined"  # fails by its own inputs: not tried again until they change
    FAILED = "failed"  # fails by what is around it: tried again by the next run


@dataclass(frozen=True, kw_only=True)
class JournalRow:
    """One change of state.

    time_s: seconds since 1970; job: its name; fingerprint: what it was made from; attempt: from
    1; reason, hint: of a failure; bytes: of the output; frames: of the output; elapsed_s: of the
    attempt; megapixels: of one output frame; notes: what the run told.
    """

    time_s: float
    job: str
    state: State
    fingerprint: str = ""
    attempt: int = 1
    reason: str = ""
    hint: str = ""
    bytes: int = 0
    frames: int = 0
    elapsed_s: float = 0.0
    megapixels: float = 0.0
    notes: tuple[str, ...] = ()


class BatchJournal:
    """A journal that is being written. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_synced = True

    def __enter__(self) -> Self:
        with told(self.path):
            self._file = self.path.open("ab")
            if not _ends_well(self.path):
                self._file.write(b"\n")  # after a line that a crash cut off
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._file:
            self.sync()

    def append(self, row: JournalRow) -> None:
        """Write one row; from now on it outlives this process.

        Raises:
            OutputError: the disk is full or gone.
        """
        self._is_synced = False
        with told(self.path):
            self._file.write(line_of(row))
            self._file.flush()

    def sync(self) -> None:
        """Wait until the disk has every row.

        Raises:
            OutputError: the disk is full or gone.
        """
        if not self._is_synced:
            with told(self.path):
                os.fsync(self._file.fileno())
            self._is_synced = True


@dataclass(frozen=True, kw_only=True)
class JournalHistory:
    """All that a folder's journals say.

    last: the latest row of each job; started: jobs that were ever begun, which only happens where
    nothing lay at their output's name, so that what lies there now is ours; skipped: bad lines.
    """

    last: dict[str, JournalRow]
    started: frozenset[str]
    skipped: int = 0


def journal_path(folder: Path, shard: Shard) -> Path:
    """batch.jsonl, or batch-2-of-5.jsonl."""
    part = f"-{shard.number}-of-{shard.count}" if shard.count > 1 else ""
    return folder / f"{STEM}{part}{SUFFIX}"


def read_history(folder: Path) -> JournalHistory:
    """Read every journal of a folder, in order of time.

    Raises:
        OutputError: a journal is there and cannot be read.
    """
    rows: list[JournalRow] = []
    skipped = 0
    for path in sorted(folder.glob(f"{STEM}*{SUFFIX}")):
        for row in _rows(path):
            if row is None:
                skipped += 1
            else:
                rows.append(row)
    rows.sort(key=lambda row: row.time_s)
    return JournalHistory(
        last={row.job: row for row in rows},
        started=frozenset(row.job for row in rows if row.state is State.STARTED),
        skipped=skipped,
    )


def line_of(row: JournalRow) -> bytes:
    """One line of ASCII; fields that say nothing are left out."""
    empty = {field.name: field.default for field in fields(JournalRow)}
    said = {key: value for key, value in asdict(row).items() if value != empty[key]}
    return json.dumps(said).encode() + b"\n"


def _rows(path: Path) -> Iterator[JournalRow | None]:
    """Rows of one journal; None for a line that is none."""
    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST_LINE):
                if line.strip():
                    yield _row(line)
    except OSError as error:
        hint = "restore the journal, or delete it to start over"
        raise OutputError(f"{path} cannot be read: {error.strerror}", hint=hint) from error


def _row(line: bytes) -> JournalRow | None:
    try:
        said = json.loads(line)
        return typed(JournalRow, said, where="journal") if isinstance(said, dict) else None
    except (ValueError, OptionError, RecursionError):
        return None


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def now_s() -> float:
    """Seconds since 1970, to the millisecond."""
    return round(time.time(), 3)
