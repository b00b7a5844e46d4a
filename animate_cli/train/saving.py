"""Write training's files under a temporary name first; a full disk is a `TrainError`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from animate_cli.errors import TrainError


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """A context that turns write errors into `TrainError` and removes the partial temporary file.

    Raises:
        TrainError: the disk is full or cannot be written.
    """
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError
        with suppress(OSError):
            temporary_path(path).unlink()
        raise TrainError(f"cannot save {path}: {error}", hint="make room and resume") from error


def temporary_path(path: Path) -> Path:
    """The temporary name of `path`; the finished file is renamed to `path`."""
    return path.with_name(path.name + ".part")
