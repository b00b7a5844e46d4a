"""What a command says: results on stdout, everything else on stderr and in the log file."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from animate_cli.errors import AnimateError, OutputError

logger = logging.getLogger("animate_cli")


@dataclass(frozen=True, kw_only=True)
class Verbosity:
    """How much is said, and where else."""

    verbose: bool = False
    quiet: bool = False
    log_file: Path | None = None

    @property
    def level(self) -> int:
        """Least logging level that reaches stderr."""
        if self.quiet:
            return logging.ERROR
        return logging.DEBUG if self.verbose else logging.INFO


class _Stderr(logging.Handler):
    """Writes to whatever stderr is now: a progress bar borrows it while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{harmless(self.format(record))}\n")
        sys.stderr.flush()


def harmless(text: str) -> str:
    """Text whose names of files cannot steer a terminal: no control signs but line and tab."""
    return "".join(
        s if s.isprintable() or s in "\n\t" else "\N{REPLACEMENT CHARACTER}" for s in text
    )


def open_console(talk: Verbosity) -> None:
    """From now on the program's log goes to stderr and, where one is named, to the log file.

    Raises:
        OutputError: the log file cannot be written.
    """
    screen = _Stderr(talk.level)
    screen.setFormatter(logging.Formatter("%(message)s"))
    for handler in logger.handlers:
        handler.close()
    logger.handlers[:] = [screen]
    if talk.log_file is not None:
        logger.addHandler(_log_file(talk.log_file))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


def result(text: str) -> None:
    """The one thing that a script reads."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(text: str) -> None:
    """Something good to know; -q silences it."""
    logger.info(text)


def warn(text: str) -> None:
    """Something that had to be told; -q silences it, the report keeps it."""
    logger.warning("note: %s", text)


def fail(error: AnimateError) -> None:
    """What went wrong and what to do; the traceback with -v and in the log file."""
    logger.debug("traceback", exc_info=error)
    logger.error("error: %s", error)


def is_quiet() -> bool:
    """Whether only errors are wanted."""
    screens = (handler for handler in logger.handlers if isinstance(handler, _Stderr))
    return any(screen.level > logging.INFO for screen in screens)


def _log_file(path: Path) -> logging.Handler:
    try:
        handler = logging.FileHandler(path, encoding="utf-8")
    except OSError as error:
        hint = "choose a place that can be written"
        raise OutputError(f"{path}: cannot write the log ({error.strerror})", hint=hint) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
