"""The worker process of a batch: runs one job after the other, with its own networks."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import connection, parent_process
from multiprocessing.connection import Connection
from pathlib import Path

from animate_cli import hub
from animate_cli.batch.faults import Fault, Remedy, fault_of
from animate_cli.batch.job import Job
from animate_cli.report import OnProgress, Progress

PROGRESS_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """The result of a job; its fields are those of `journal.JournalRow`."""

    frames: int
    megapixels: float
    bytes: int
    elapsed_s: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JobTask:
    """A job for a worker.

    threads: for the networks; may_replace: whether the output may be replaced; cache: whether
    drivers' trajectories are stored for other jobs; segments: folder for the segments of a long
    video, which survive a crash.
    """

    job: Job
    threads: int
    may_replace: bool
    cache: bool
    segments: Path


Message = Progress | JobResult | Fault
Work = Callable[[JobTask, OnProgress], JobResult]
WorkFactory = Callable[[], Work]
"""Called once in each worker process; the function it returns is called for every job."""


def make_animation_work() -> Work:
    """Make the function that runs a job; its `Animator` keeps its networks from job to job."""
    from animate_cli.pipeline import Animator
    from animate_cli.stages.trajectories import TrajectoryCache

    cache = TrajectoryCache(hub.trajectories_dir())
    animators = {
        True: Animator(trajectories=cache),
        False: Animator(),
    }

    def work(task: JobTask, on_progress: OnProgress) -> JobResult:
        begun = time.perf_counter()
        options = task.job.options
        options = replace(
            options,
            output=replace(options.output, overwrite=task.may_replace),
            compute=replace(options.compute, threads=task.threads),
        )
        animator = animators[task.cache].with_options(options)
        task.job.output.parent.mkdir(parents=True, exist_ok=True)
        report = animator.animate(
            task.job.source,
            task.job.driver,
            task.job.output,
            segments=task.segments,
            on_progress=on_progress,
        )
        return JobResult(
            frames=report.frames,
            megapixels=report.width * report.height / 1e6,
            bytes=sync_file(report.output),
            elapsed_s=time.perf_counter() - begun,
            notes=report.notes,
        )

    return work


def serve(pipe: Connection, make_work: WorkFactory) -> None:
    """The main loop of a worker: receive tasks, send progress and results, until the pipe closes.

    The worker ends with its parent process. It ignores Ctrl-C and SIGTERM, which terminals and
    schedulers send to the whole process group: the parent handles them.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    logging.getLogger("animate_cli").addHandler(logging.NullHandler())  # the report has the notes
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        work = _make_or_fault(make_work)
        pipe.send(None)  # ready
        while True:
            task = pipe.recv()
            pipe.send(_attempt(work, task, pipe))


def _make_or_fault(make_work: WorkFactory) -> Work | Fault:
    try:
        return make_work()
    except Exception as error:
        return replace(fault_of(error), remedy=Remedy.STOP)


def _attempt(work: Work | Fault, task: JobTask, pipe: Connection) -> Message:
    if isinstance(work, Fault):
        return work
    try:
        return work(task, _progress_sender(pipe))
    except BaseException as error:
        logging.getLogger(__name__).debug("%s", traceback.format_exc())
        return fault_of(error)


def _progress_sender(pipe: Connection) -> OnProgress:
    last_s = 0.0

    def send(progress: Progress) -> None:
        nonlocal last_s
        now = time.monotonic()
        if now - last_s >= PROGRESS_EVERY_S or progress.done == progress.total:
            pipe.send(progress)
            last_s = now

    return send


def _exit_with_parent() -> None:
    """End this process when the parent has ended, even in the middle of a job."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def sync_file(path: Path) -> int:
    """Wait until a file, or a folder's files, are on the disk; return their size in bytes."""
    files = [file for file in path.iterdir() if file.is_file()] if path.is_dir() else [path]
    for file in files:
        with file.open("r+b") as handle:
            os.fsync(handle.fileno())
    return sum(file.stat().st_size for file in files)


def size_of(path: Path) -> int:
    """The size in bytes of a file, or of a folder's files; 0 if there is none."""
    try:
        files = path.iterdir() if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files if file.is_file())
    except OSError:
        return 0
