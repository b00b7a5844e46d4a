"""What a failure asks for: another try, a mark on the job, or a stop of everything."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import av

from animate_cli.errors import AnimateError, InputError, OutputError, WeightsError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_PASSING = {
    *(errno.EIO, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ENOMEM, errno.ENFILE),
    *(errno.EMFILE, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET, errno.ENETUNREACH),
}
_LONGEST = 2000  # characters


class Remedy(StrEnum):
    """What may help."""

    RETRY = "retry"  # time: it may pass
    CHANGE_JOB = "change job"  # other inputs or options: it will fail again just so
    CHANGE_PLACE = "change place"  # a free name, permissions, weights: the next run may succeed
    STOP = "stop"  # nothing here: all other jobs would fail in the same way


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why an attempt failed, as told to the user."""

    remedy: Remedy
    reason: str
    hint: str


def fault_of(error: BaseException) -> Fault:
    """Judge an error by its kind and, where the system spoke, by its number."""
    reason, hint = _said(error)
    return Fault(remedy=_remedy(error), reason=reason[:_LONGEST], hint=hint[:_LONGEST])


def _remedy(error: BaseException) -> Remedy:
    spoke = [one for one in _chain(error) if isinstance(one, OSError)]
    if any(one.errno in _FULL for one in spoke):
        return Remedy.STOP
    # FFmpeg calls damaged files input/output errors, too; those do not pass.
    passes = any(one.errno in _PASSING and not isinstance(one, av.FFmpegError) for one in spoke)
    if passes or not isinstance(error, AnimateError):
        return Remedy.RETRY
    if isinstance(error, OutputError | WeightsError):
        return Remedy.CHANGE_PLACE
    return Remedy.CHANGE_JOB if isinstance(error, InputError) else Remedy.RETRY


def _said(error: BaseException) -> tuple[str, str]:
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
