"""The progress of a batch: a live table of its workers on a terminal, else a line per event."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from animate_cli.cli import console

if TYPE_CHECKING:
    from rich.table import Table

    from animate_cli.batch.journal import JournalRow
    from animate_cli.batch.status import BatchObserver, BatchStatus, WorkerSlot

_LONGEST_NAME = 48


@contextmanager
def show_batch() -> Iterator[BatchObserver]:
    """Yield an observer that shows the batch while the block runs."""
    from animate_cli.batch.status import BatchObserver

    if console.is_quiet():
        yield BatchObserver()
    elif sys.stderr.isatty():
        with _live() as observer:
            yield observer
    else:
        yield BatchObserver(on_row=_log_row)


def row_line(row: JournalRow) -> str:
    """A row of the journal as one readable line."""
    name = printable(row.job)
    if row.state == "done":
        return f"done: {name} ({row.frames} frames, {row.elapsed_s:.1f} s)"
    attempt = f", attempt {row.attempt}" if row.attempt > 1 else ""
    reason = f": {row.reason}" if row.reason else ""
    return f"{row.state}: {name}{attempt}{reason}"


def printable(name: str) -> str:
    """A name without control characters, shortened in its middle."""
    safe = "".join(sign if sign.isprintable() else "?" for sign in name)
    if len(safe) <= _LONGEST_NAME:
        return safe
    half = _LONGEST_NAME // 2 - 1
    return f"{safe[:half]}..{safe[-half:]}"


def counts(status: BatchStatus) -> str:
    """One line: how many jobs are done, failed and left."""
    words = [f"{status.done} done"]
    words += [f"{status.before} done before"] if status.before else []
    words += [f"{status.failed + status.given_up} failed"]
    words += [f"{status.retries} retries"] if status.retries else []
    words += [f"{status.left} of {status.total} left"]
    draining = " - stopping after the running jobs" if status.is_draining else ""
    return ", ".join(words) + draining


def _log_row(row: JournalRow) -> None:
    console.info(row_line(row))


@contextmanager
def _live() -> Iterator[BatchObserver]:
    from rich.console import Console
    from rich.live import Live

    from animate_cli.batch.status import BatchObserver

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:
        yield BatchObserver(
            on_row=_log_unless_started,
            on_status=lambda status: live.update(table_of(status)),
        )


def _log_unless_started(row: JournalRow) -> None:
    if row.state != "started":
        _log_row(row)


def table_of(status: BatchStatus) -> Table:
    """A table with a row per worker."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=counts(status), expand=False)
    for column in ("worker", "job", "step", "frames", "frames/s", "seconds"):
        table.add_column(column, justify="left" if column in ("job", "step") else "right")
    for slot in status.slots:
        table.add_row(*(Text(cell) for cell in _cells(slot)))
    return table


def _cells(slot: WorkerSlot) -> tuple[str, ...]:
    if not slot.job:
        return str(slot.number), "-", "", "", "", ""
    attempt = f" (attempt {slot.attempt})" if slot.attempt > 1 else ""
    spent = f"{time.monotonic() - slot.begun_s:.0f}"
    name = printable(slot.job) + attempt
    if slot.progress is None:
        return str(slot.number), name, "starting", "", "", spent
    at = slot.progress
    frames = str(at.done) if at.total is None else f"{at.done} of {at.total}"
    return str(slot.number), name, str(at.step), frames, f"{at.fps:.1f}", spent
