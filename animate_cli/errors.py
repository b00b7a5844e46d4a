"""The errors that a user can correct.

    AnimateError
    ├── InputError        a file or value given by the user cannot be used
    │   ├── MediaError    an image, video or sound cannot be read, or is too large
    │   ├── FaceError     no face, or not the one asked for
    │   ├── DataError     a data set is incomplete, or its labels are missing or damaged
    │   └── OptionError   options contradict each other or name something that does not exist
    ├── OutputError       the result cannot be written
    ├── WeightsError      weights are missing, damaged, or for another network
    ├── TrainError        a training or data preparation cannot start or continue
    └── Cancelled         the caller asked to stop

Each has a message and a hint. Programming errors are other exceptions and keep their traceback.
"""

from __future__ import annotations

import struct
import zipfile
import zlib

DAMAGED_ARCHIVE = (
    *(OSError, EOFError, ValueError, KeyError, IndexError),
    *(zipfile.BadZipFile, zlib.error, struct.error),
    NotImplementedError,  # another version of the format, or another compression
    RuntimeError,  # encrypted
)
"""Exceptions that reading a damaged .npz or zip file may raise."""


class AnimateError(Exception):
    """The base of all errors that a user can correct.

    Args:
        message: the fault and its place (path, frame), one sentence.
        hint: the remedy, one sentence.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}"


class InputError(AnimateError):
    """A file or value given by the user cannot be used."""


class MediaError(InputError):
    """An image, video or sound cannot be read, or is too large."""


class FaceError(InputError):
    """No face was found, or not the one that was asked for."""


class DataError(InputError):
    """A data set is incomplete, or its labels are missing or damaged."""


class OptionError(InputError):
    """Options contradict each other or name something that does not exist."""


class OutputError(AnimateError):
    """The result cannot be written."""


class WeightsError(AnimateError):
    """Weights are missing, damaged, or for another network."""


class TrainError(AnimateError):
    """A training cannot start or continue; the last checkpoint stays usable."""


class Cancelled(AnimateError):  # noqa: N818 - a request, not an error
    """The caller asked to stop; nothing half-written is left behind."""

    def __init__(
        self,
        message: str = "cancelled",
        *,
        hint: str = "run the same command again to start over",
    ) -> None:
        super().__init__(message, hint=hint)
