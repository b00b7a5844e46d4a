"""The status of a running batch, and the summary of a finished one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from animate_cli.batch.journal import JournalRow
from animate_cli.report import Progress


@dataclass(kw_only=True)
class WorkerSlot:
    """The current job of a worker. job: "" if it has none; progress: None before its first."""

    number: int
    job: str = ""
    attempt: int = 1
    progress: Progress | None = None
    begun_s: float = 0.0


@dataclass(kw_only=True)
class BatchStatus:
    """The number of jobs in each state, and the workers; it changes while the batch runs."""

    total: int
    before: int = 0  # done by an earlier run, inputs unchanged
    given_up: int = 0  # failed for good in an earlier run, inputs unchanged
    done: int = 0
    failed: int = 0
    retries: int = 0
    is_draining: bool = False
    slots: list[WorkerSlot] = field(default_factory=list)

    @property
    def left(self) -> int:
        """The number of jobs not done, failed or given up."""
        return self.total - self.before - self.given_up - self.done - self.failed


@dataclass(frozen=True, kw_only=True)
class JobFailure:
    """A job that failed. is_final: it is not tried again until its inputs change."""

    job: str
    reason: str
    hint: str
    is_final: bool


@dataclass(frozen=True, kw_only=True)
class BatchSummary:
    """The numbers of jobs at the end of a run of a batch.

    before: done by earlier runs; left: not reached; stopped: the reason, if the run was stopped.
    """

    total: int
    before: int
    done: int
    retries: int
    left: int
    elapsed_s: float
    failures: tuple[JobFailure, ...]
    stopped: str = ""
    interrupted: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every job has its result."""
        return not (self.failures or self.left)

    def to_json(self) -> str:
        """One JSON object."""
        rows = [vars(failure) for failure in self.failures]
        return json.dumps({**vars(self), "failures": rows}, indent=2)


@dataclass(frozen=True, kw_only=True)
class BatchObserver:
    """Two callbacks. on_row: for every row of the journal; on_status: for every status change."""

    on_row: Callable[[JournalRow], None] = lambda row: None
    on_status: Callable[[BatchStatus], None] = lambda status: None
