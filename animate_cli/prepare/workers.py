"""Prepares many files at once, in worker processes that get one file after the other.

Processes are spawned, not forked: a fork of a process in which torch has run may hang. A script
that uses more than one job therefore needs `if __name__ == "__main__":`. A worker ends when its
pipe closes.
"""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import cast

from animate_cli.device import thread_count
from animate_cli.errors import AnimateError, Cancelled, TrainError
from animate_cli.interrupts import StopRequest
from animate_cli.prepare.task import FileResult, PreparePlan, PrepareTask
from animate_cli.prepare.worker_task import PrepareWorker
from animate_cli.report import Progress, Watch

POLL_S = 0.2  # longest delay of an interrupt


@dataclass(frozen=True, kw_only=True)
class _Failed:
    """The parts of a worker's AnimateError, which itself cannot be pickled."""

    kind: type[AnimateError]
    message: str
    hint: str


Answer = FileResult | _Failed | Exception


def file_results(
    tasks: Sequence[PrepareTask], plan: PreparePlan, stop: StopRequest
) -> Generator[FileResult, None, None]:
    """The result of each task, in the order in which they end; closing it stops the workers.

    Raises:
        Cancelled: a stop was requested.
        TrainError: a worker died.
        AnimateError: an error that concerns all files, such as a full disk.
    """
    jobs = min(thread_count(plan.choices.jobs), len(tasks))
    if jobs > 1:
        yield from _by_workers(tasks, plan, jobs=jobs, stop=stop)
        return

    def continues(progress: Progress) -> bool:
        return not stop.requested

    worker = PrepareWorker(plan, Watch(continues))
    for task in tasks:
        _raise_if_requested(stop)
        try:
            result = worker.work(task)
        except Cancelled:
            _raise_if_requested(stop)  # its hint says how to resume
            raise
        yield result


def _by_workers(
    tasks: Sequence[PrepareTask], plan: PreparePlan, *, jobs: int, stop: StopRequest
) -> Iterator[FileResult]:
    workers = [_start(plan) for _ in range(jobs)]
    waiting = deque(tasks)
    busy: dict[Connection, PrepareTask] = {}
    try:
        for _, pipe in workers:
            _give_next(waiting, pipe, busy)
        while busy:
            for ready in wait(list(busy), timeout=POLL_S):
                pipe = cast(Connection, ready)
                task = busy.pop(pipe)
                answer = _receive(pipe, task)
                _give_next(waiting, pipe, busy)
                yield answer
            _raise_if_requested(stop)
    finally:
        for process, _ in workers:
            process.terminate()
        for process, _ in workers:
            process.join()


def _raise_if_requested(stop: StopRequest) -> None:
    if stop.requested:
        raise Cancelled("interrupted", hint="run the same command again to resume")


def _start(plan: PreparePlan) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(plan, there), daemon=True)
    process.start()
    there.close()  # else the parent would not see the end of the pipe
    return process, here


def _give_next(
    waiting: deque[PrepareTask], pipe: Connection, busy: dict[Connection, PrepareTask]
) -> None:
    if waiting:
        busy[pipe] = waiting.popleft()
        with suppress(BrokenPipeError):  # the worker died: `_receive` raises the error
            pipe.send(busy[pipe])


def _receive(pipe: Connection, task: PrepareTask) -> FileResult:
    try:
        answer: Answer = pipe.recv()
    except (EOFError, OSError) as error:
        raise TrainError(
            f"the process that prepared {task.source.path} died",
            hint="use fewer --jobs if memory was short, or leave this file out",
        ) from error
    if isinstance(answer, _Failed):
        raise answer.kind(answer.message, hint=answer.hint)
    if isinstance(answer, Exception):
        raise answer
    return answer


def _serve(plan: PreparePlan, pipe: Connection) -> None:
    """The main loop of a worker. It ignores Ctrl-C: the parent ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    worker: PrepareWorker | None = None
    with suppress(EOFError, OSError):  # the parent has finished or died
        while True:
            task = pipe.recv()
            try:
                worker = worker or PrepareWorker(plan)
                answer: Answer = worker.work(task)
            except AnimateError as error:
                answer = _Failed(kind=type(error), message=error.message, hint=error.hint)
            except Exception as error:  # raised again in the parent
                error.add_note("in a preparing process:\n" + traceback.format_exc())
                answer = error
            pipe.send(answer)
