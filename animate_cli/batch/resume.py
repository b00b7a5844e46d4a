"""Finds the jobs of a resumed batch that need work, and removes half-written files."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from animate_cli.batch.job import Digests, Job, fingerprint
from animate_cli.batch.journal import JournalHistory, State
from animate_cli.batch.worker import size_of
from animate_cli.media.target import remove, result_of, short_name

_HASH_DIGITS = 8  # hexadecimal digits; `media.target` gives half-written files as many
_SEGMENTS = ".segments"


class JobNeed(StrEnum):
    """Whether a job must be done, and why not."""

    DO = "do"
    NOTHING = "nothing"  # its result is complete
    GIVEN_UP = "given up"  # it failed, and its inputs are the same


@dataclass(frozen=True, kw_only=True)
class DueJob:
    """A job and whether it must be done. reason: of an earlier failure."""

    job: Job
    fingerprint: str
    need: JobNeed
    reason: str = ""


def due_job(
    job: Job, past: JournalHistory, digests: Digests, *, retry_failed: bool = False
) -> DueJob:
    """Compare a job with its journal row; it is due if its inputs or options changed."""
    fingerprint_now, row = fingerprint(job, digests), past.last.get(job.name)
    need, reason = JobNeed.DO, ""
    if row is not None and row.fingerprint == fingerprint_now:
        if row.state is State.DONE and row.bytes == size_of(job.output) > 0:
            need = JobNeed.NOTHING
        elif row.state is State.QUARANTINED and not retry_failed:
            need, reason = JobNeed.GIVEN_UP, row.reason
    return DueJob(job=job, fingerprint=fingerprint_now, need=need, reason=reason)


def segments_of(due: DueJob) -> Path:
    """The folder of a long video's segments; changed inputs or options give another folder."""
    output = due.job.output
    stem = Path(short_name(output)).stem
    return output.with_name(f".{stem}.{due.fingerprint[:_HASH_DIGITS]}{_SEGMENTS}")


def remove_partial_files(jobs: Iterable[Job], *, keep: Collection[Path] = ()) -> int:
    """Remove half-written files that killed workers left beside the outputs; return their number.

    keep: segment folders of unfinished videos.
    """
    names: dict[Path, set[str]] = {}
    for job in jobs:
        short = short_name(job.output)
        of_folder = names.setdefault(job.output.parent, set())
        of_folder |= {short, f"{Path(short).stem}{_SEGMENTS}"}
    removed = 0
    for folder, wanted in names.items():
        if folder.is_dir():
            parts = [file for file in folder.iterdir() if result_of(file.name) in wanted]
            for part in [part for part in parts if part not in keep]:
                remove(part)
                removed += 1
    return removed
