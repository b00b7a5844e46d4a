"""What may pass is tried again, what cannot is not, and what would hit all stops all."""

from __future__ import annotations

import errno

import av
import pytest

from animate_cli.batch.faults import Cure, fault_of
from animate_cli.errors import (
    AnimateError,
    FaceError,
    MediaError,
    OptionError,
    OutputError,
    WeightsError,
)


def caused(error: AnimateError, cause: BaseException) -> AnimateError:
    error.__cause__ = cause
    return error


def system(number: int) -> OSError:
    return OSError(number, "said")


FFMPEG_EIO = av.error.OSError(errno.EIO, "input/output error")

CASES = [
    (FaceError("m", hint="h"), Cure.CHANGE_JOB),
    (OptionError("m", hint="h"), Cure.CHANGE_JOB),
    (MediaError("m", hint="h"), Cure.CHANGE_JOB),
    (caused(MediaError("m", hint="h"), system(errno.EIO)), Cure.RETRY),
    (caused(MediaError("m", hint="h"), system(errno.ESTALE)), Cure.RETRY),
    (caused(MediaError("m", hint="h"), system(errno.EACCES)), Cure.CHANGE_JOB),
    (caused(MediaError("m", hint="h"), FFMPEG_EIO), Cure.CHANGE_JOB),
    (OutputError("m", hint="h"), Cure.CHANGE_PLACE),
    (caused(OutputError("m", hint="h"), system(errno.ENOSPC)), Cure.STOP),
    (caused(OutputError("m", hint="h"), system(errno.EDQUOT)), Cure.STOP),
    (WeightsError("m", hint="h"), Cure.CHANGE_PLACE),
    (MemoryError(), Cure.RETRY),
    (RuntimeError("CUDA error"), Cure.RETRY),
    (system(errno.ENOSPC), Cure.STOP),
]


@pytest.mark.parametrize(("error", "cure"), CASES, ids=str)
def test_what_helps(error: BaseException, cure: Cure) -> None:
    fault = fault_of(error)
    assert fault.cure is cure
    assert fault.reason
    assert fault.hint


def test_errors_without_end_are_cut() -> None:
    assert len(fault_of(MediaError("x" * 10**6, hint="y" * 10**6)).reason) < 10_000
