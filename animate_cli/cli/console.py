"""Output of the commands: results on stdout, messages on stderr and in the log file."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from animate_cli.errors import AnimateError, OutputError

logger = logging.getLogger("animate_cli")


@dataclass(frozen=True, kw_only=True)
class Verbosity:
    """How many messages a command prints, and a log file for all of them."""

    verbose: bool = False
    quiet: bool = False
    log_file: Path | None = None

    @property
    def level(self) -> int:
        """The lowest logging level that is printed to stderr."""
        if self.quiet:
            return logging.ERROR
        return logging.DEBUG if self.verbose else logging.INFO


class _Stderr(logging.Handler):
    """Writes to the current `sys.stderr`: a progress bar replaces it while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{strip_control_characters(self.format(record))}\n")
        sys.stderr.flush()


def strip_control_characters(text: str) -> str:
    """The text with control characters replaced, except line feed and tab.

    File names in messages must not send commands to the terminal.
    """
    return "".join(
        s if s.isprintable() or s in "\n\t" else "\N{REPLACEMENT CHARACTER}" for s in text
    )


def open_console(verbosity: Verbosity) -> None:
    """Send the program's log to stderr and, if one is named, to the log file.

    Raises:
        OutputError: the log file cannot be written.
    """
    screen = _Stderr(verbosity.level)
    screen.setFormatter(logging.Formatter("%(message)s"))
    for handler in logger.handlers:
        handler.close()
    logger.handlers[:] = [screen]
    if verbosity.log_file is not None:
        logger.addHandler(_log_file(verbosity.log_file))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def result(text: str) -> None:
    """Print the result, which scripts read, to stdout."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def info(text: str) -> None:
    """Log a message; -q hides it."""
    logger.info(text)


def warn(text: str) -> None:
    """Log a warning; -q hides it."""
    logger.warning("note: %s", text)


def fail(error: AnimateError) -> None:
    """Log an error and its hint; the traceback too with -v and in the log file."""
    logger.debug("traceback", exc_info=error)
    logger.error("error: %s", error)


def is_quiet() -> bool:
    """Whether -q hides all messages but errors."""
    screens = (handler for handler in logger.handlers if isinstance(handler, _Stderr))
    return any(screen.level > logging.INFO for screen in screens)


def _log_file(path: Path) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        hint = "choose a folder that can be written to"
        raise OutputError(f"{path}: cannot write the log ({error.strerror})", hint=hint) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
