"""What may pass is tried again, what cannot is not, and what would hit all stops all."""

from __future__ import annotations

import errno

import av
import pytest

from animate_cli.batch.faults import Remedy, fault_of
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
    (FaceError("m", hint="h"), Remedy.CHANGE_JOB),
    (OptionError("m", hint="h"), Remedy.CHANGE_JOB),
    (MediaError("m", hint="h"), Remedy.CHANGE_JOB),
    (caused(MediaError("m", hint="h"), system(errno.EIO)), Remedy.RETRY),
    (caused(MediaError("m", hint="h"), system(errno.ESTALE)), Remedy.RETRY),
    (caused(MediaError("m", hint="h"), system(errno.EACCES)), Remedy.CHANGE_JOB),
    (caused(MediaError("m", hint="h"), FFMPEG_EIO), Remedy.CHANGE_JOB),
    (OutputError("m", hint="h"), Remedy.CHANGE_PLACE),
    (caused(OutputError("m", hint="h"), system(errno.ENOSPC)), Remedy.STOP),
    (caused(OutputError("m", hint="h"), system(errno.EDQUOT)), Remedy.STOP),
    (WeightsError("m", hint="h"), Remedy.CHANGE_PLACE),
    (MemoryError(), Remedy.RETRY),
    (RuntimeError("CUDA error"), Remedy.RETRY),
    (system(errno.ENOSPC), Remedy.STOP),
]


@pytest.mark.parametrize(("error", "remedy"), CASES, ids=str)
def test_what_helps(error: BaseException, remedy: Remedy) -> None:
    fault = fault_of(error)
    assert fault.remedy is remedy
    assert fault.reason
    assert fault.hint


def test_errors_without_end_are_cut() -> None:
    assert len(fault_of(MediaError("x" * 10**6, hint="y" * 10**6)).reason) < 10_000
