"""Ctrl-C and SIGTERM between two steps, so that no network is left half-updated."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(kw_only=True)
class Halt:
    """Whether somebody asked to stop."""

    wanted: bool = False


@contextmanager
def halt_on_signal() -> Iterator[Halt]:
    """The first signal only sets `wanted`; a second one of its kind acts as usual, at once.

    Signals reach the main thread alone: elsewhere nothing is changed and nothing is ever wanted.
    """
    halt = Halt()
    if threading.current_thread() is not threading.main_thread():
        yield halt
        return
    usual = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, frame: FrameType | None) -> None:
        halt.wanted = True
        signal.signal(number, usual[signal.Signals(number)])

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield halt
    finally:
        for number in SIGNALS:
            signal.signal(number, usual[number])
