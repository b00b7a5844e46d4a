"""Files that training writes: first beside their place, and a full disk is a `TrainError`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from animate_cli.errors import TrainError


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Turn a disk's failure inside `with` into an error; half a file beside `path` is removed.

    Raises:
        TrainError: the disk is full or cannot be written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError
        with suppress(OSError):
            beside(path).unlink()
        raise TrainError(f"cannot save {path}: {error}", hint="make room and resume") from error


def beside(path: Path) -> Path:
    """The name under which `path` is written until it is whole."""
    return path.with_name(path.name + ".part")
