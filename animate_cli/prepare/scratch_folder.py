"""A hidden folder for the unfinished files of a run, inside the data set's folder."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from animate_cli.errors import OutputError
from animate_cli.media.target import as_output_error

if sys.platform != "win32":  # on Windows the folder is not locked
    import fcntl

PREFIX = ".prepare-"


@contextmanager
def scratch_in(folder: Path) -> Iterator[Path]:
    """Make a scratch folder and remove it afterwards, and any that killed runs left behind.

    While the block runs, other runs on the same data set fail. folder: created if it is missing.

    Raises:
        OutputError: another run is at work here, or nothing can be written.
    """
    with as_output_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        _clear(folder)
        try:
            with as_output_error(folder):
                scratch = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
            yield scratch
        finally:
            _clear(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder; the system releases the lock of a killed process."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"another run is preparing into {folder}", hint="wait for it, or stop it"
        ) from error


def _clear(folder: Path) -> None:
    for left in folder.glob(f"{PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
