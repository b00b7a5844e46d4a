"""`animate batch SOURCES --driver DRIVERS -o OUT`: every pair, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.batch.names import TEMPLATE
from animate_cli.batch.options import BatchOptions, BatchPairing, Shard
from animate_cli.cli import console
from animate_cli.cli.flags import SECTIONS, takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.options import Options

if TYPE_CHECKING:
    from animate_cli.batch.estimate import Estimate
    from animate_cli.batch.plan import BatchPlan
    from animate_cli.batch.status import BatchSummary

USUAL = BatchOptions()
INTERRUPTED = 130
_SHOWN = 20


@takes_options(*SECTIONS)
@takes_json
def batch(
    *,
    sources: Annotated[
        list[str],
        typer.Argument(help="Photos, folders, patterns ('*.jpg'), or a .csv or .json manifest."),
    ],
    options: Options,
    driver: Annotated[
        list[str] | None,
        typer.Option("--driver", "-d", help="Videos, folders, patterns; may be repeated."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for results and journal.")],
    pair: Annotated[
        BatchPairing | None,
        typer.Option("--pair", help="Which go together; without it, manifest if one is given."),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="Names of results; fields {source} {driver} {number}.")
    ] = TEMPLATE,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and how long it takes.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", "-j", min=0, help="Processes; 0: as many as fit.")
    ] = USUAL.workers,
    retries: Annotated[
        int, typer.Option("--retries", min=0, help="Further attempts after a fault that may pass.")
    ] = USUAL.retries,
    max_failures: Annotated[
        int | None, typer.Option("--max-failures", min=1, help="Stop when so many jobs failed.")
    ] = USUAL.max_failures,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try what failed for good in an earlier run.")
    ] = False,
    stall: Annotated[
        float, typer.Option("--stall", min=1, help="End a worker silent for so many seconds.")
    ] = USUAL.stall_s,
    shard: Annotated[
        str, typer.Option("--shard", metavar="I/N", help="Do only the I-th of N parts.")
    ] = "1/1",
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Follow every driver anew; keep nothing of it.")
    ] = False,
    json_output: JsonOutput,
) -> None:
    """Animate every pair of many photos and drivers; the same command again resumes."""
    from animate_cli.batch.plan import plan_batch
    from animate_cli.batch.run import run_batch
    from animate_cli.cli.batch_table import shown_batch
    from animate_cli.cli.cells import override

    overwrite = options.output.overwrite or json_output.is_earlier_report()
    json_output.check(overwrite=overwrite, others=map(Path, (*sources, *(driver or ()))))
    part = Shard.parse(shard)
    plan = plan_batch(
        sources,
        driver or [],
        output,
        options,
        override=override,
        pairing=pair,
        template=name,
        shard=part,
    )
    chosen = BatchOptions(
        workers=workers,
        retries=retries,
        stall_s=stall,
        max_failures=max_failures,
        retry_failed=retry_failed,
        cache=not no_cache,
    )
    if plan.left_out:
        console.tell(f"{plan.left_out} files of other kinds are left out")
    if dry_run:
        estimated = _estimated(plan, chosen)
        json_output.write(estimated.to_json(), overwrite=overwrite)
        if not json_output.on_stdout:
            _tell_estimate(estimated)
        return
    console.tell(f"{len(plan.jobs)} jobs; what is done already is looked up")
    with shown_batch() as listener:
        summary = run_batch(plan, chosen, shard=part, listener=listener)
    _tell_summary(summary)
    json_output.write(summary.to_json(), overwrite=overwrite)
    if not json_output.on_stdout:
        console.result(str(plan.folder))
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not summary.is_complete:
        raise typer.Exit(1)


def _estimated(plan: BatchPlan, chosen: BatchOptions) -> Estimate:
    from animate_cli.batch.estimate import estimate
    from animate_cli.batch.job import Digests
    from animate_cli.batch.journal import read_history
    from animate_cli.batch.resume import JobNeed, find_due_jobs
    from animate_cli.batch.worker_limits import worker_count

    past, digests = read_history(plan.folder), Digests()
    needs = [find_due_jobs(job, past, digests).need for job in plan.jobs]
    todo = [job for job, need in zip(plan.jobs, needs, strict=True) if need is JobNeed.DO]
    count = worker_count(chosen.workers, jobs=len(todo))
    before = needs.count(JobNeed.NOTHING)
    return estimate(plan, todo, before=before, past=past, workers=count)


def _tell_estimate(told: Estimate) -> None:
    console.result(f"{told.jobs} jobs: {told.sources} sources, {told.drivers} drivers")
    if told.done_before:
        console.result(f"{told.done_before} more are done already")
    console.result(f"{told.frames} frames, about {_length(told.seconds)}")
    console.result(f"about {_size(told.bytes)} of disk, {_size(told.bytes_free)} are free")
    if told.bytes > told.bytes_free:
        console.warn("the disk will not hold all results")
    for path in told.unreadable[:_SHOWN]:
        console.warn(f"{path} cannot be read: its jobs will fail")
    if len(told.unreadable) > _SHOWN:
        console.warn(f"... and {len(told.unreadable) - _SHOWN} more")


def _tell_summary(summary: BatchSummary) -> None:
    from animate_cli.cli.batch_table import printable

    for failure in summary.failures[:_SHOWN]:
        kind = "will fail again" if failure.is_final else "failed"
        console.logger.error("%s: %s: %s", kind, printable(failure.job), failure.reason)
        console.logger.error("  hint: %s", failure.hint)
    if len(summary.failures) > _SHOWN:
        console.logger.error("... and %d more; see the journal", len(summary.failures) - _SHOWN)
    if summary.stopped:
        console.logger.error("error: stopped: %s", summary.stopped)
    if summary.interrupted:
        console.logger.error("interrupted; the same command goes on from here")
    console.tell(
        f"{summary.done} done, {summary.before} done before, {len(summary.failures)} failed, "
        f"{summary.left} left, {summary.retries} retries, {_length(summary.elapsed_s)}"
    )


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
