"""Makes the record of an input file, with its kind and sha256, once per run."""

from __future__ import annotations

from pathlib import Path

from animate_cli.digest import sha256_of
from animate_cli.errors import MediaError
from animate_cli.media.container.kind import kind_of
from animate_cli.records import InputFile


def open_input(path: Path) -> InputFile:
    """Find the kind of a driver's file from its content, and its sha256.

    Raises:
        MediaError: missing, unreadable, empty, or neither a picture, a video, a folder of
            pictures nor a driver template.
    """
    kind = kind_of(path)
    try:
        return InputFile(path=path, kind=kind, sha256=sha256_of(path))
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {error.strerror}", hint="check it") from error
