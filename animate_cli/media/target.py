"""Writes results safely: under a hidden name in the same folder, renamed when complete."""

from __future__ import annotations

import errno
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import av

from animate_cli.errors import OutputError

_STEM_BYTES = 200
_PART = re.compile(r"\.(.*)\.[0-9a-f]{8}(\.[^.]*)?", re.DOTALL)


def check_target(path: Path, *, overwrite: bool, inputs: Sequence[Path] = ()) -> None:
    """Refuse a result path that cannot or must not be written; call it before rendering.

    Raises:
        OutputError: it is one of the inputs, exists already, or its folder is missing or not
            writable.
    """
    with as_output_error(path):
        exists, has_folder = path.exists(), path.parent.is_dir()
    if exists:
        for source in inputs:
            if source.exists() and path.samefile(source):
                raise OutputError(f"{path} is the input itself", hint="choose another name with -o")
        if not overwrite:
            raise OutputError(
                f"{path} exists already", hint="choose another name, or pass --overwrite"
            )
        if path.is_dir() and not all(_is_numbered(file) for file in path.iterdir()):
            raise OutputError(
                f"{path} is a folder with other files in it",
                hint="choose a new name; only folders of numbered pictures are replaced",
            )
    if not has_folder:
        raise OutputError(f"{path.parent} is not a folder", hint="create it first")
    probe = _beside(path)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise write_error(path, error) from error


@contextmanager
def replacing(path: Path, *, overwrite: bool, inputs: Sequence[Path] = ()) -> Iterator[Path]:
    """Yield a hidden path in the same folder; rename it to `path` if the block succeeds.

    On any exception, including an interrupt, the hidden file is deleted.
    """
    check_target(path, overwrite=overwrite, inputs=inputs)
    part = _beside(path)
    try:
        yield part
        with as_output_error(path):
            _move(part, path, overwrite=overwrite)
    finally:
        remove(part)


@contextmanager
def as_output_error(path: Path) -> Iterator[None]:
    """Raise errors of the system and of FFmpeg in the block as an OutputError about `path`."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        raise write_error(path, error) from error


def write_error(path: Path, error: OSError | av.FFmpegError) -> OutputError:
    """The OutputError, with reason and hint, for an error of the system or of FFmpeg."""
    hints = {
        errno.ENOSPC: ("the disk is full", "free some space, or write elsewhere with -o"),
        errno.EDQUOT: ("the disk quota is used up", "free some space, or write elsewhere"),
        errno.EFBIG: ("the file grew beyond what is allowed here", "write elsewhere with -o"),
        errno.EACCES: ("permission denied", "write elsewhere with -o"),
        errno.EPERM: ("permission denied", "write elsewhere with -o"),
        errno.EROFS: ("the disk is read-only", "write elsewhere with -o"),
        errno.ENAMETOOLONG: ("its name is too long", "choose a shorter one with -o"),
    }
    reason = str(error.strerror or error).lower()
    why, hint = hints.get(error.errno or 0, (reason, "check the folder and the free space"))
    return OutputError(f"{path} cannot be written: {why}", hint=hint)


def _is_numbered(file: Path) -> bool:
    return file.is_file() and file.stem.isdigit() and file.suffix == ".png"


def result_of(part: str) -> str | None:
    """The `short_name` of the result whose hidden file has this name; None for other files."""
    found = _PART.fullmatch(part)
    return f"{found[1]}{found[2] or ''}" if found else None


def short_name(path: Path) -> str:
    """The result's name as used in its hidden file's name: at most about 200 bytes."""
    stem = path.stem.encode("utf-8", "surrogateescape")[:_STEM_BYTES]
    return f"{stem.decode('utf-8', 'ignore')}{path.suffix}"


def _beside(path: Path) -> Path:
    short = Path(short_name(path))
    return path.with_name(f".{short.stem}.{uuid4().hex[:8]}{short.suffix}")


def _move(part: Path, path: Path, *, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise OutputError(f"{path} appeared meanwhile", hint="choose another name with -o")
    if not path.is_dir():
        part.replace(path)
        return
    old = _beside(path)
    path.rename(old)
    part.rename(path)
    remove(old)


def remove(part: Path) -> None:
    """Delete a file or a folder, if it exists."""
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)
