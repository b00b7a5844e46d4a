"""Files that training writes: beside their place first, and a full disk told as an error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from animate_cli.errors import TrainError


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """What may fail because of a disk, told as such; half a file beside `path` is removed.

    Raises:
        TrainError: the disk is full or cannot be written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch tells of a full disk by a RuntimeError
        with suppress(OSError):
            beside(path).unlink()
        raise TrainError(f"cannot save {path}: {error}", hint="make room and resume") from error


def beside(path: Path) -> Path:
    """The name under which `path` is written until it is whole."""
    return path.with_name(path.name + ".part")
