"""Progress of a run: a bar on a terminal, else a line every few seconds, nothing with -q."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from animate_cli.cli import console

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from animate_cli.report import OnProgress, Progress, Step

LINE_EVERY_S = 5.0


@contextmanager
def show_progress() -> Iterator[OnProgress]:
    """Yield a progress callback that shows a run while the block runs."""
    if console.is_quiet():
        yield lambda progress: None
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _BarProgress(bars)
    else:
        yield _LineProgress()


class _LineProgress:
    def __init__(self) -> None:
        self._last_s = time.monotonic()
        self._step: Step | None = None

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        is_end = progress.done == progress.total
        if progress.step != self._step:
            self._step = progress.step
            console.info(f"{progress.step} ...")
        elif is_end or now - self._last_s > LINE_EVERY_S:
            console.info(line(progress))
        else:
            return
        self._last_s = now


def line(progress: Progress) -> str:
    """One line: frames done, speed, and the time left if the total is known."""
    text = f"{progress.step}: {progress.done}"
    if progress.total is not None:
        text += f" of {progress.total}"
    text += f" frames, {progress.fps:.1f} frames/s"
    if progress.total is not None and progress.fps > 0:
        text += f", {(progress.total - progress.done) / progress.fps:.0f} s left"
    return text


class _BarProgress:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[Step, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        if progress.step not in self._tasks:
            self._tasks[progress.step] = self._bars.add_task(str(progress.step), fps=0.0)
        task = self._tasks[progress.step]
        self._bars.update(task, completed=progress.done, total=progress.total, fps=progress.fps)


def _bars() -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} frames/s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
