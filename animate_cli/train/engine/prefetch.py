"""Training batches in order, made by the training process or ahead of it by worker processes.

Batch n depends on (seed, n) alone: neither workers nor a resume change it. Worker w of W makes
every W-th batch and waits until that batch is read, so one batch per worker is ready.

torch's DataLoader is not used: it reports a dead worker by an exception in a signal handler, which
may interrupt the program anywhere, even in the middle of a save. Here a dead worker's pipe closes,
and the next read from it fails.
"""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.errors import AnimateError, TrainError
from animate_cli.train.objective import Batch, Objective
from animate_cli.train.recipe import StepRecipe


@dataclass(frozen=True, kw_only=True)
class _BatchMaker:
    """Makes the batch of a number."""

    objective: Objective
    size: int
    seed: int

    def make(self, number: int) -> Batch:
        return self.objective.batch(self.size, np.random.default_rng((self.seed, number)))


@dataclass(frozen=True, kw_only=True)
class _WorkerRefused:
    """An error with a hint, as a worker sends it."""

    message: str
    hint: str


Sent = dict[str, NDArray[Any]] | _WorkerRefused | Exception


def prefetch_batches(
    objective: Objective, plan: StepRecipe, numbers: Sequence[int]
) -> Generator[Batch, None, None]:
    """The batches of these numbers; closing the generator stops its workers.

    Raises:
        TrainError: a worker died, or met an error that has a hint.
    """
    maker = _BatchMaker(objective=objective, size=plan.batch, seed=plan.seed)
    if plan.workers == 0:
        yield from (maker.make(number) for number in numbers)
        return
    shares = [numbers[worker :: plan.workers] for worker in range(plan.workers)]
    workers = [_start(maker, share) for share in shares]
    try:
        for index in range(len(numbers)):
            yield _receive(workers[index % plan.workers][1])
    finally:
        for process, _ in workers:
            process.terminate()
        for process, _ in workers:
            process.join()


def _start(maker: _BatchMaker, numbers: Sequence[int]) -> tuple[BaseProcess, Connection]:
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_work, args=(maker, numbers, here, there), daemon=True)
    process.start()
    there.close()  # each process holds its own end alone, so that the pipe closes when one dies
    return process, here


def _receive(pipe: Connection) -> Batch:
    try:
        sent: Sent = pipe.recv()
    except (EOFError, OSError) as error:
        raise TrainError(
            "a data worker died", hint="resume, with fewer steps.workers if memory was short"
        ) from error
    if isinstance(sent, _WorkerRefused):
        raise TrainError(sent.message, hint=sent.hint)
    if isinstance(sent, Exception):
        raise sent
    return {key: torch.from_numpy(value) for key, value in sent.items()}


def _work(maker: _BatchMaker, numbers: Sequence[int], reader: Connection, pipe: Connection) -> None:
    """A worker process: one thread; the parent handles interrupts."""
    reader.close()  # the parent's end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with suppress(BrokenPipeError):  # the parent has gone
        for number in numbers:
            pipe.send(_make_arrays(maker, number))


def _make_arrays(maker: _BatchMaker, number: int) -> Sent:
    """A batch as arrays: tensors are sent as open files, which end with a dead worker."""
    try:
        return {key: value.numpy() for key, value in maker.make(number).items()}
    except AnimateError as error:
        return _WorkerRefused(message=error.message, hint=error.hint)
    except Exception as error:  # raised again where the batch is read
        error.add_note("in a data worker:\n" + traceback.format_exc())
        return error
