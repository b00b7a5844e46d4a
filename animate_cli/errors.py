"""Everything that can go wrong for a reason a user can act on.

    AnimateError
    ├── InputError        a file or value given by the user cannot be used
    │   ├── MediaError    an image, video or sound cannot be read, or not trusted
    │   ├── FaceError     no face, or not the one asked for
    │   ├── DataError     a data set is not laid out, or not labelled, as its kind is
    │   └── OptionError   options that contradict each other or name nothing that exists
    ├── OutputError       the result cannot be written
    ├── WeightsError      weights are missing, damaged or of another kind
    ├── TrainError        a training cannot start or go on
    └── Cancelled         the caller asked to stop

Each carries what went wrong, where, and what to do. Programmer errors are not among them:
those keep their traceback.
"""

from __future__ import annotations


class AnimateError(Exception):
    """A problem with a reason and a way out.

    Args:
        message: what went wrong and where (path, frame), one sentence.
        hint: what to do about it, one sentence.
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
    """An image, video or sound cannot be read, or its size must not be trusted."""


class FaceError(InputError):
    """No face was found, or not the one that was asked for."""


class DataError(InputError):
    """A data set is not laid out as its kind is, or its labels are missing or damaged."""


class OptionError(InputError):
    """Options contradict each other or name something that does not exist."""


class OutputError(AnimateError):
    """The result cannot be written."""


class WeightsError(AnimateError):
    """Weights are missing, damaged, or belong to another network."""


class TrainError(AnimateError):
    """A training cannot start or go on; the last checkpoint stays usable."""


class Cancelled(AnimateError):  # noqa: N818 - it is a wish, not an error
    """The caller asked to stop; nothing half-written is left behind."""

    def __init__(
        self,
        message: str = "cancelled",
        *,
        hint: str = "run the same command again to start over",
    ) -> None:
        super().__init__(message, hint=hint)
