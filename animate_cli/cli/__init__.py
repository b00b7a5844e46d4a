"""The command line: parse, call, print."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType


def main() -> None:
    """The `animate` program. Exit status 0, 1 (told what to do), 2 (usage), 130 (interrupted)."""
    from typer.main import get_command

    from animate_cli.cli.app import app

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    get_command(app).main(args=sys.argv[1:], prog_name="animate")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Being asked to end is answered like Ctrl-C: tidy up first."""
    raise KeyboardInterrupt
