"""Turns Ctrl-C and SIGTERM into a request that a loop checks between two steps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(kw_only=True)
class StopRequest:
    """requested: whether Ctrl-C or SIGTERM asked the run to stop."""

    requested: bool = False


@contextmanager
def catch_stop_signals() -> Iterator[StopRequest]:
    """Inside the block, the first signal only sets `requested`; a second one has its usual effect.

    Signals reach the main thread alone: in other threads this does nothing.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    usual = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(number: int, frame: FrameType | None) -> None:
        stop.requested = True
        signal.signal(number, usual[signal.Signals(number)])

    for number in SIGNALS:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number in SIGNALS:
            signal.signal(number, usual[number])
