"""Classifies failures by their remedy: retry, give the job up, or stop the whole batch."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import av

from animate_cli.errors import AnimateError, InputError, OutputError, WeightsError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_TEMPORARY = {
    *(errno.EIO, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ENOMEM, errno.ENFILE),
    *(errno.EMFILE, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET, errno.ENETUNREACH),
}
_LONGEST = 2000  # characters


class Remedy(StrEnum):
    """The action that may help after a failure."""

    RETRY = "retry"  # the failure may be temporary
    CHANGE_JOB = "change job"  # it will fail again with the same inputs and options
    CHANGE_PLACE = "change place"  # a name in use, permissions, weights: the next run may succeed
    STOP = "stop"  # all other jobs would fail in the same way, as on a full disk


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The failure of an attempt at a job. reason, hint: texts for the user."""

    remedy: Remedy
    reason: str
    hint: str


def fault_of(error: BaseException) -> Fault:
    """Classify an error by its type and, for an error of the system, by its errno."""
    reason, hint = _describe(error)
    return Fault(remedy=_remedy(error), reason=reason[:_LONGEST], hint=hint[:_LONGEST])


def _remedy(error: BaseException) -> Remedy:
    system_errors = [one for one in _chain(error) if isinstance(one, OSError)]
    if any(one.errno in _FULL for one in system_errors):
        return Remedy.STOP
    # FFmpeg reports damaged files as input/output errors, too; those are permanent.
    is_temporary = any(
        one.errno in _TEMPORARY and not isinstance(one, av.FFmpegError) for one in system_errors
    )
    if is_temporary or not isinstance(error, AnimateError):
        return Remedy.RETRY
    if isinstance(error, OutputError | WeightsError):
        return Remedy.CHANGE_PLACE
    return Remedy.CHANGE_JOB if isinstance(error, InputError) else Remedy.RETRY


def _describe(error: BaseException) -> tuple[str, str]:
    if isinstance(error, AnimateError):
        return error.message, error.hint
    if any(isinstance(one, MemoryError) for one in _chain(error)):
        return "out of memory", "use fewer --workers or a smaller --size"
    what = f"{type(error).__name__}: {error}"
    return f"unexpected: {what}", "please report it, with what -v prints"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
