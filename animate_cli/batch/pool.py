"""Starts worker processes, sends them tasks, receives messages, and replaces dead workers."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Self

from animate_cli.batch.faults import Fault, Remedy
from animate_cli.batch.worker import JobTask, Message, WorkFactory, serve

_GRACE_S = 5.0
_START_S = 120.0  # for a worker to load its libraries


@dataclass(kw_only=True, eq=False)
class Worker:
    """One process and its task. number: from 1; last_message_s: when it last sent a message;
    before the first one, the deadline of its start."""

    number: int
    process: SpawnProcess
    pipe: Connection
    task: JobTask | None = None
    last_message_s: float = field(default_factory=lambda: time.monotonic() + _START_S)


class Pool:
    """A fixed number of workers. Use it as a context manager, which ends them all.

    Processes are spawned, never forked: threads and CUDA do not survive a fork.
    """

    def __init__(self, count: int, make_work: WorkFactory, *, stall_s: float) -> None:
        self._make_work = make_work
        self._stall_s = stall_s
        self._context = multiprocessing.get_context("spawn")
        self.workers: list[Worker] = []
        self._count = count

    def __enter__(self) -> Self:
        self.workers = [self._start(number) for number in range(1, self._count + 1)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers:
            worker.pipe.close()  # this ends an idle worker
            if worker.task is not None:
                worker.process.kill()
        for worker in self.workers:
            worker.process.join(_GRACE_S)
            worker.process.kill()
            worker.process.join()

    @property
    def idle(self) -> list[Worker]:
        """Workers without a task."""
        return [worker for worker in self.workers if worker.task is None]

    @property
    def busy(self) -> list[Worker]:
        """Workers with a task."""
        return [worker for worker in self.workers if worker.task is not None]

    def send(self, worker: Worker, task: JobTask) -> None:
        """Send a task to an idle worker; `messages` reports it if the worker has died."""
        worker.task, worker.last_message_s = task, max(time.monotonic(), worker.last_message_s)
        try:
            worker.pipe.send(task)
        except OSError:
            worker.process.kill()

    def messages(self, timeout_s: float) -> Iterator[tuple[Worker, Message]]:
        """Yield the messages that arrive from workers within the time.

        For a dead or stalled worker, yield a Fault and replace it. After any message other than
        Progress the worker is idle.
        """
        pipes: Sequence[Connection] = [worker.pipe for worker in self.workers]
        ready = connection.wait(pipes, timeout_s)
        for worker in [worker for worker in self.workers if worker.pipe in ready]:
            message = self._receive(worker)
            if message is not None:
                yield worker, message
        for worker in self.busy:
            if time.monotonic() - worker.last_message_s > self._stall_s:
                reason = f"no message for {self._stall_s:g} s"
                yield worker, self._replace(worker, reason)

    def _receive(self, worker: Worker) -> Message | None:
        worker.last_message_s = time.monotonic()
        try:
            message: Message | None = worker.pipe.recv()
        except (EOFError, OSError):
            was_idle = worker.task is None
            fault = self._replace(worker, _exit_reason(worker.process))
            return None if was_idle else fault
        return message

    def _replace(self, worker: Worker, reason: str) -> Fault:
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
        fresh = self._start(worker.number)
        worker.process, worker.pipe, worker.last_message_s = (
            fresh.process,
            fresh.pipe,
            fresh.last_message_s,
        )
        hint = "if memory is short, use fewer --workers"
        return Fault(remedy=Remedy.RETRY, reason=f"its worker ended: {reason}", hint=hint)

    def _start(self, number: int) -> Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=serve, args=(there, self._make_work), name=f"animate-{number}", daemon=True
        )
        process.start()
        there.close()  # else the parent would not see the end of the pipe
        return Worker(number=number, process=process, pipe=here)


def _exit_reason(process: SpawnProcess) -> str:
    process.join(_GRACE_S)
    code = process.exitcode
    if code is not None and code < 0:
        return f"signal {-code}" + (", as when memory runs out" if code == -9 else "")
    return f"exit code {code}"
