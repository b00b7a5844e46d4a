"""The journal of a batch: a JSON line for each change of a job's state, appended at once.

A row survives the end of the process as soon as it is appended, and a power cut once `sync` has
returned. `sync` takes some milliseconds; workers get their next jobs before it.

A line that a crash damaged is skipped, and its job is done again. Each shard has a file of
its own, so that no two machines write to the same one; all journals of a folder are read.
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
from animate_cli.media.target import as_output_error
from animate_cli.typed import typed

STEM, SUFFIX = "batch", ".jsonl"
LONGEST_LINE = 1 << 16


class State(StrEnum):
    """The state of a job."""

    STARTED = "started"
    RETRY = "retry"
    DONE = "done"
    QUARANTINED = "quarantined"  # failed because of its inputs: not tried again until they change
    FAILED = "failed"  # failed for another reason: tried again by the next run


@dataclass(frozen=True, kw_only=True)
class JournalRow:
    """One change of a job's state.

    time_s: seconds since 1970; job: its name; fingerprint: `job.fingerprint`; attempt: counted from
    1; reason, hint: of a failure; bytes: of the output; frames: of the output; elapsed_s: of the
    attempt; megapixels: of one output frame; notes: warnings of the run.
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
    """A journal open for writing. Use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_synced = True

    def __enter__(self) -> Self:
        with as_output_error(self.path):
            self._file = self.path.open("ab")
            if not _ends_with_newline(self.path):
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
        """Append one row, which survives the end of this process.

        Raises:
            OutputError: the disk is full or gone.
        """
        self._is_synced = False
        with as_output_error(self.path):
            self._file.write(line_of(row))
            self._file.flush()

    def sync(self) -> None:
        """Wait until every row is on the disk.

        Raises:
            OutputError: the disk is full or gone.
        """
        if not self._is_synced:
            with as_output_error(self.path):
                os.fsync(self._file.fileno())
            self._is_synced = True


@dataclass(frozen=True, kw_only=True)
class JournalHistory:
    """The contents of all journals of a folder.

    last: the latest row of each job; started: jobs that were started at least once. A job starts
    only if its output does not exist, so such a job owns an output that exists now. skipped: the
    number of damaged lines.
    """

    last: dict[str, JournalRow]
    started: frozenset[str]
    skipped: int = 0


def journal_path(folder: Path, shard: Shard) -> Path:
    """batch.jsonl, or batch-2-of-5.jsonl."""
    part = f"-{shard.number}-of-{shard.count}" if shard.count > 1 else ""
    return folder / f"{STEM}{part}{SUFFIX}"


def read_history(folder: Path) -> JournalHistory:
    """Read all journals of a folder; rows are sorted by time.

    Raises:
        OutputError: a journal exists and cannot be read.
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
    """A row as one line of ASCII, without fields that have their default."""
    empty = {field.name: field.default for field in fields(JournalRow)}
    values = {key: value for key, value in asdict(row).items() if value != empty[key]}
    return json.dumps(values).encode() + b"\n"


def _rows(path: Path) -> Iterator[JournalRow | None]:
    """The rows of one journal; None for a damaged line."""
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
        values = json.loads(line)
        return typed(JournalRow, values, where="journal") if isinstance(values, dict) else None
    except (ValueError, OptionError, RecursionError):
        return None


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def now_s() -> float:
    """Seconds since 1970, to the millisecond."""
    return round(time.time(), 3)
