"""The command line: it parses the arguments, calls the library and prints the result."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType


def main() -> None:
    """The `animate` program. Exit status: 0, 1 (an error with a hint), 2 (usage), 130 (Ctrl-C)."""
    from typer.main import get_command

    from animate_cli.cli.app import app

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    get_command(app).main(args=sys.argv[1:], prog_name="animate")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Treat SIGTERM like Ctrl-C, so that half-written files are removed."""
    raise KeyboardInterrupt
