"""Runs the plan of a batch: skips finished jobs, shares the others among workers, and retries.

plan ─► compare (hash, journal) ─► queue ─► workers ─► journal ─► summary
                                   ▲                    │
                                   └── pause ◄── fault ─┘
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from animate_cli.batch.faults import Fault, Remedy
from animate_cli.batch.job import Digests
from animate_cli.batch.journal import (
    BatchJournal,
    JournalHistory,
    JournalRow,
    State,
    journal_path,
    now_s,
    read_history,
)
from animate_cli.batch.options import BatchOptions, Shard
from animate_cli.batch.plan import BatchPlan
from animate_cli.batch.pool import Pool, Worker
from animate_cli.batch.resume import (
    DueJob,
    JobNeed,
    due_job,
    remove_partial_files,
    segments_of,
)
from animate_cli.batch.status import (
    BatchObserver,
    BatchStatus,
    BatchSummary,
    JobFailure,
    WorkerSlot,
)
from animate_cli.batch.worker import JobResult, JobTask, Message, WorkFactory, make_animation_work
from animate_cli.batch.worker_limits import threads_each, worker_count
from animate_cli.errors import OutputError
from animate_cli.interrupts import StopRequest, catch_stop_signals
from animate_cli.media.target import as_output_error, write_error
from animate_cli.report import Progress

_POLL_S = 0.25
_MOST_NOTES = 20


def run_batch(
    plan: BatchPlan,
    options: BatchOptions,
    *,
    shard: Shard = Shard(),  # noqa: B008 - frozen
    observer: BatchObserver = BatchObserver(),  # noqa: B008 - frozen
    make_work: WorkFactory = make_animation_work,
) -> BatchSummary:
    """Do the jobs of a plan that are not done yet. The same call again resumes.

    The first Ctrl-C or SIGTERM lets running jobs finish, a second one ends them.
    observer: called with every row of the journal and every status. make_work: makes the function
    that a worker calls for each job.

    Raises:
        OutputError: the folder or the journal cannot be written, or another run uses it.
    """
    begun_s = time.monotonic()
    path = journal_path(plan.folder, shard)
    with as_output_error(plan.folder):
        plan.folder.mkdir(parents=True, exist_ok=True)
    with _locked(path), BatchJournal(path) as journal, catch_stop_signals() as stop:
        past, digests = read_history(plan.folder), Digests()
        retry_failed = options.retry_failed
        due_jobs = [due_job(job, past, digests, retry_failed=retry_failed) for job in plan.jobs]
        remove_partial_files(plan.jobs, keep=_unfinished(due_jobs, past))
        batch = _Batch(due_jobs, past, options, journal, observer, stop)
        try:
            batch.run(make_work)
        except KeyboardInterrupt:
            stop.requested = True
        finally:
            remove_partial_files(plan.jobs, keep=_unfinished(due_jobs, read_history(plan.folder)))
        return batch.summary(time.monotonic() - begun_s)


@dataclass(order=True, frozen=True, kw_only=True)
class _Attempt:
    """An attempt at a job. ready_s: earliest start, by the monotonic clock."""

    ready_s: float = 0.0
    due: DueJob = field(compare=False)
    attempt: int = field(default=1, compare=False)


class _Batch:
    """The state of one run of a batch."""

    def __init__(
        self,
        due_jobs: list[DueJob],
        past: JournalHistory,
        options: BatchOptions,
        journal: BatchJournal,
        observer: BatchObserver,
        stop: StopRequest,
    ) -> None:
        self._past, self._options = past, options
        self._journal, self._observer, self._stop = journal, observer, stop
        self._queue = deque(_Attempt(due=due) for due in due_jobs if due.need is JobNeed.DO)
        self._waiting: list[_Attempt] = []
        self._running: dict[int, _Attempt] = {}
        self._stopped = ""
        given_up = [due for due in due_jobs if due.need is JobNeed.GIVEN_UP]
        self._failures = [_failed_before(due) for due in given_up]
        before = sum(due.need is JobNeed.NOTHING for due in due_jobs)
        self._status = BatchStatus(total=len(due_jobs), before=before, given_up=len(given_up))

    def run(self, make_work: WorkFactory) -> None:
        """Run jobs until none is left to start or to wait for."""
        if not self._queue:
            return
        count = worker_count(self._options.workers, jobs=len(self._queue))
        self._status.slots = [WorkerSlot(number=number) for number in range(1, count + 1)]
        with Pool(count, make_work, stall_s=self._options.stall_s) as pool:
            while self._running or (self._accepts_jobs and (self._queue or self._waiting)):
                self._start_jobs(pool, count)
                self._journal.sync()
                for worker, message in pool.messages(_POLL_S):
                    self._handle(worker, message)
                self._status.is_draining = not self._accepts_jobs
                self._observer.on_status(self._status)

    def summary(self, elapsed_s: float) -> BatchSummary:
        """The summary of the run so far."""
        status = self._status
        return BatchSummary(
            total=status.total,
            before=status.before,
            done=status.done,
            retries=status.retries,
            left=status.left,
            elapsed_s=round(elapsed_s, 3),
            failures=tuple(self._failures),
            stopped=self._stopped,
            interrupted=self._stop.requested,
        )

    @property
    def _accepts_jobs(self) -> bool:
        """Whether new attempts may start."""
        return not (self._stop.requested or self._stopped)

    def _start_jobs(self, pool: Pool, count: int) -> None:
        while self._waiting and self._waiting[0].ready_s <= time.monotonic():
            self._queue.appendleft(heapq.heappop(self._waiting))
        idle = pool.idle
        while idle and self._queue and self._accepts_jobs:
            one = self._queue.popleft()
            job = one.due.job
            may_replace = self._may_replace(one)
            if not may_replace and job.output.exists():
                self._fail(one, _output_exists(job.output))
                continue
            worker = idle.pop(0)
            self._write(one, State.STARTED)
            self._running[worker.number] = one
            self._status.slots[worker.number - 1] = WorkerSlot(
                number=worker.number, job=job.name, attempt=one.attempt, begun_s=time.monotonic()
            )
            task = JobTask(
                job=job,
                threads=threads_each(count, job.options.compute.threads),
                may_replace=may_replace,
                cache=self._options.cache,
                segments=segments_of(one.due),
            )
            pool.send(worker, task)

    def _may_replace(self, one: _Attempt) -> bool:
        """Whether the output may be replaced: this job wrote it, or --overwrite is given."""
        job = one.due.job
        is_ours = one.attempt > 1 or job.name in self._past.started
        return is_ours or job.options.output.overwrite

    def _handle(self, worker: Worker, message: Message) -> None:
        if isinstance(message, Progress):
            self._status.slots[worker.number - 1].progress = message
            return
        worker.task = None
        self._status.slots[worker.number - 1] = WorkerSlot(number=worker.number)
        one = self._running.pop(worker.number)
        if isinstance(message, Fault):
            self._fail(one, message)
            return
        self._status.done += 1
        self._write(one, State.DONE, result=message)

    def _fail(self, one: _Attempt, fault: Fault) -> None:
        if fault.remedy is Remedy.RETRY and one.attempt <= self._options.retries:
            self._status.retries += 1
            self._write(one, State.RETRY, fault=fault)
            pause_s = self._options.backoff_s * 2 ** (one.attempt - 1)
            ready_s = time.monotonic() + pause_s
            heapq.heappush(self._waiting, replace(one, ready_s=ready_s, attempt=one.attempt + 1))
            return
        is_final = fault.remedy in (Remedy.CHANGE_JOB, Remedy.RETRY)
        self._status.failed += 1
        self._write(one, State.QUARANTINED if is_final else State.FAILED, fault=fault)
        failure = JobFailure(
            job=one.due.job.name, reason=fault.reason, hint=fault.hint, is_final=is_final
        )
        self._failures.append(failure)
        self._stopped = self._stopped or self._reason_to_stop(fault)

    def _reason_to_stop(self, fault: Fault) -> str:
        most = self._options.max_failures
        if fault.remedy is Remedy.STOP:
            return f"{fault.reason}; {fault.hint}, and run the same command again"
        if most is not None and self._status.failed >= most:
            return f"{self._status.failed} jobs failed (--max-failures {most})"
        return ""

    def _write(
        self,
        one: _Attempt,
        state: State,
        *,
        result: JobResult | None = None,
        fault: Fault | None = None,
    ) -> None:
        row = JournalRow(
            time_s=now_s(),
            job=one.due.job.name,
            state=state,
            fingerprint=one.due.fingerprint,
            attempt=one.attempt,
        )
        if result is not None:
            row = replace(
                row,
                bytes=result.bytes,
                frames=result.frames,
                elapsed_s=round(result.elapsed_s, 3),
                megapixels=result.megapixels,
                notes=result.notes[:_MOST_NOTES],
            )
        if fault is not None:
            row = replace(row, reason=fault.reason, hint=fault.hint)
        self._journal.append(row)
        self._observer.on_row(row)


def _unfinished(due_jobs: list[DueJob], past: JournalHistory) -> set[Path]:
    """The segments of jobs that are neither done nor given up."""
    over = {name for name, row in past.last.items() if row.state in (State.DONE, State.QUARANTINED)}
    return {
        segments_of(due) for due in due_jobs if due.need is JobNeed.DO and due.job.name not in over
    }


def _failed_before(due: DueJob) -> JobFailure:
    hint = "change its inputs or options, or pass --retry-failed"
    return JobFailure(job=due.job.name, reason=due.reason, hint=hint, is_final=True)


def _output_exists(output: Path) -> Fault:
    hint = "move it away, or pass --overwrite"
    reason = f"{output} exists already and is not a result of this batch"
    return Fault(remedy=Remedy.CHANGE_PLACE, reason=reason, hint=hint)


@contextmanager
def _locked(journal: Path) -> Iterator[None]:
    """Allow one run at a time per journal; the system releases the lock of a killed run."""
    lock = FileLock(journal.with_name(f".{journal.stem}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        hint = "wait for it, end it, or give each run a --shard of its own"
        raise OutputError(f"another run works in {journal.parent}", hint=hint) from error
    except OSError as error:
        raise write_error(journal, error) from error
    try:
        yield
    finally:
        lock.release()
