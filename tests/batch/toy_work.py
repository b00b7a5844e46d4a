"""Toy jobs for tests of batches: the text in a source file is the command its job executes."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path

from animate_cli.batch.worker import JobResult, JobTask, Work
from animate_cli.errors import FaceError, OutputError
from animate_cli.media.target import as_output_error, replacing
from animate_cli.report import OnProgress, Progress, Step


def open_toy() -> Work:
    return work


def open_nothing() -> Work:
    raise OSError("no such library")


def work(task: JobTask, on_progress: OnProgress) -> JobResult:
    command, _, rest = task.job.source.read_text().partition(" ")
    marks = task.job.source.with_suffix(".marks")
    with marks.open("a") as file:
        file.write(f"{os.getpid()} {task.threads}\n")
    attempts = len(marks.read_text().splitlines())
    on_progress(Progress(step=Step.RENDER, done=0, total=1, elapsed_s=0.0))
    with replacing(task.job.output, overwrite=task.may_replace) as part:
        part.write_text(f"{rest} {task.job.driver.read_text()}")
        if command != "once" or attempts == 1:
            misbehave(rest if command == "once" else command, task.job.source)
    return JobResult(frames=1, megapixels=1.0, bytes=task.job.output.stat().st_size, elapsed_s=0.01)


def misbehave(how: str, source: Path) -> None:
    if how == "face":
        raise FaceError(f"{source}: no face was found", hint="look again")
    if how == "full":
        with as_output_error(source):
            raise OSError(errno.ENOSPC, "No space left on device")
    if how == "denied":
        raise OutputError("permission denied", hint="write elsewhere")
    if how == "memory":
        raise MemoryError
    if how == "bug":
        raise ZeroDivisionError("division by zero")
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(600)
    if how == "slow":
        time.sleep(1.5)
