"""Finds the files that arguments name: a file, a folder, or a pattern with * ? [ ]."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from animate_cli.errors import InputError
from animate_cli.media.container.kind import PICTURE_SUFFIXES

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".flv"}
    | {".wmv", ".3gp", ".ogv", ".mxf"}
)
DRIVER_SUFFIXES = VIDEO_SUFFIXES | {".npz"}
MOST_FILES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class InputFiles:
    """The files that arguments name: in the order of arguments, and sorted within each.

    left_out: the number of files of other kinds in folders.
    """

    files: tuple[Path, ...] = ()
    left_out: int = 0

    def __add__(self, other: InputFiles) -> InputFiles:
        return InputFiles(files=self.files + other.files, left_out=self.left_out + other.left_out)


def find_sources(words: Sequence[str]) -> InputFiles:
    """The photos that arguments name: any file by its name, the pictures of a folder.

    Raises:
        InputError: an argument names no file.
    """
    return _find(words, _pictures_in)


def find_drivers(words: Sequence[str]) -> InputFiles:
    """The videos and templates that arguments name; a folder with pictures alone is one driver.

    Raises:
        InputError: an argument names no file.
    """
    return _find(words, _drivers_in)


def _find(words: Sequence[str], inside: Callable[[Path], InputFiles]) -> InputFiles:
    found = InputFiles()
    for word in words:
        some = _expand(word, inside)
        if not some.files:
            hint = "check the name; patterns are written '*.jpg', with quotes"
            raise InputError(f"{word!r} names no file that can be used", hint=hint)
        found += some
    return found


def _expand(word: str, inside: Callable[[Path], InputFiles]) -> InputFiles:
    path = Path(word)
    if _is(path, Path.is_dir):
        return inside(path)
    if _is(path, Path.is_file) or not set(word) & set("*?["):
        return InputFiles(files=(path,))  # a missing file is an error of the job that needs it
    return InputFiles(files=tuple(_matching(path, word)))


def _matching(path: Path, word: str) -> list[Path]:
    """Visible files that match a pattern; ** matches folders, but follows no links."""
    root = Path(path.anchor) if path.is_absolute() else Path()
    pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else word
    try:
        files = islice(root.glob(pattern), MOST_FILES)
        return sorted(file for file in files if file.is_file() and not _is_hidden(file))
    except (ValueError, NotImplementedError, OSError) as error:
        hint = "write it like 'photos/*.jpg'"
        raise InputError(f"{word!r} is not a pattern: {error}", hint=hint) from error


def _pictures_in(folder: Path) -> InputFiles:
    return _with_suffix(folder, PICTURE_SUFFIXES)


def _drivers_in(folder: Path) -> InputFiles:
    drivers = _with_suffix(folder, DRIVER_SUFFIXES)
    if not drivers.files and _pictures_in(folder).files:
        return InputFiles(files=(folder,))
    return drivers


def _with_suffix(folder: Path, suffixes: frozenset[str]) -> InputFiles:
    try:
        inside = sorted(islice(folder.iterdir(), MOST_FILES))
    except OSError as error:
        hint = "check its permissions"
        raise InputError(f"{folder} cannot be read: {error.strerror}", hint=hint) from error
    files = [file for file in inside if not _is_hidden(file) and _is(file, Path.is_file)]
    wanted = tuple(file for file in files if file.suffix.lower() in suffixes)
    return InputFiles(files=wanted, left_out=len(files) - len(wanted))


def _is_hidden(file: Path) -> bool:
    """Whether the name begins with a dot; half-written results have such names."""
    return file.name.startswith(".")


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False
