"""`animate batch SOURCES --driver DRIVERS -o OUT`: animate many photos with many drivers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.batch.names import TEMPLATE
from animate_cli.batch.options import BatchOptions, BatchPairing, Shard
from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options, takes_record
from animate_cli.cli.flags import SECTIONS
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.options import Options

if TYPE_CHECKING:
    from animate_cli.batch.estimate import Estimate
    from animate_cli.batch.plan import BatchPlan
    from animate_cli.batch.status import BatchSummary

INTERRUPTED = 130
_SHOWN = 20

_RUN_FLAGS = {
    "workers": typer.Option(
        "--workers", "-j", min=0, help="Worker processes; 0: as many as memory allows."
    ),
    "retries": typer.Option(
        "--retries", min=0, help="Attempts after the first, where a failure may be temporary."
    ),
    "max_failures": typer.Option(
        "--max-failures", min=1, help="Stop the batch after N failed jobs."
    ),
    "retry_failed": typer.Option("--retry-failed", help="Try again what an earlier run gave up."),
    "stall_s": typer.Option(
        "--stall", min=1, help="Restart a worker that reports nothing for N seconds."
    ),
}

Sources = Annotated[
    list[str],
    typer.Argument(help="Photos, folders, patterns ('*.jpg'), or a .csv or .json manifest."),
]
Drivers = Annotated[
    list[str] | None,
    typer.Option("--driver", "-d", help="Videos, folders or patterns. May be repeated."),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="Folder for the results and the journal.")
]
Pair = Annotated[
    BatchPairing | None,
    typer.Option(
        "--pair",
        help="product: every photo with every driver; zip: the first with the first and so on; "
        "manifest: as its rows say. Default: manifest if there is one, else product.",
    ),
]
Name = Annotated[
    str, typer.Option("--name", help="Names of the results; fields {source} {driver} {number}.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only print how many jobs, how long, and how much disk.")
]
Part = Annotated[
    str,
    typer.Option("--shard", metavar="I/N", help="Do only the I-th of N parts of the jobs."),
]
NoCache = Annotated[
    bool,
    typer.Option("--no-cache", help="Track every driver again, and keep none of the tracks."),
]


@takes_options(*SECTIONS)
@takes_json
@takes_record("batch_options", BatchOptions, _RUN_FLAGS)
def batch(
    *,
    sources: Sources,
    options: Options,
    driver: Drivers = None,
    output: Output,
    pair: Pair = None,
    name: Name = TEMPLATE,
    dry_run: DryRun = False,
    shard: Part = "1/1",
    no_cache: NoCache = False,
    batch_options: BatchOptions,
    json_output: JsonOutput,
) -> None:
    """Animate many photos with many drivers. The same command again resumes the batch."""
    from animate_cli.batch.plan import plan_batch
    from animate_cli.cli.cells import override

    overwrite = options.output.overwrite or json_output.is_earlier_report()
    json_output.check(overwrite=overwrite, others=map(Path, (*sources, *(driver or ()))))
    part, chosen = Shard.parse(shard), replace(batch_options, cache=not no_cache)
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
    if plan.left_out:
        console.info(f"{plan.left_out} files that are no photos, videos or templates are left out")
    if dry_run:
        estimated = _estimated(plan, chosen)
        json_output.write(estimated.to_json(), overwrite=overwrite)
        if not json_output.on_stdout:
            _print_estimate(estimated)
        return
    summary = _run(plan, chosen, part)
    json_output.write(summary.to_json(), overwrite=overwrite)
    if not json_output.on_stdout:
        console.result(str(plan.folder))
    if summary.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not summary.is_complete:
        raise typer.Exit(1)


def _run(plan: BatchPlan, chosen: BatchOptions, shard: Shard) -> BatchSummary:
    """Run a batch and log its summary."""
    from animate_cli.batch.run import run_batch
    from animate_cli.cli.batch_table import show_batch

    console.info(f"{len(plan.jobs)} jobs; looking up which are done already")
    with show_batch() as observer:
        summary = run_batch(plan, chosen, shard=shard, observer=observer)
    _log_summary(summary)
    return summary


def _estimated(plan: BatchPlan, chosen: BatchOptions) -> Estimate:
    from animate_cli.batch.estimate import estimate
    from animate_cli.batch.job import Digests
    from animate_cli.batch.journal import read_history
    from animate_cli.batch.resume import JobNeed, due_job
    from animate_cli.batch.worker_limits import worker_count

    past, digests = read_history(plan.folder), Digests()
    needs = [due_job(job, past, digests).need for job in plan.jobs]
    todo = [job for job, need in zip(plan.jobs, needs, strict=True) if need is JobNeed.DO]
    count = worker_count(chosen.workers, jobs=len(todo))
    before = needs.count(JobNeed.NOTHING)
    return estimate(plan, todo, before=before, past=past, workers=count)


def _print_estimate(estimate: Estimate) -> None:
    console.result(f"{estimate.jobs} jobs: {estimate.sources} sources, {estimate.drivers} drivers")
    if estimate.done_before:
        console.result(f"{estimate.done_before} more are done already")
    console.result(f"{estimate.frames} frames, about {_length(estimate.seconds)}")
    console.result(f"about {_size(estimate.bytes)} of disk, {_size(estimate.bytes_free)} are free")
    if estimate.bytes > estimate.bytes_free:
        console.warn("the disk has not enough space for all results")
    for path in estimate.unreadable[:_SHOWN]:
        console.warn(f"{path} cannot be read: its jobs will fail")
    if len(estimate.unreadable) > _SHOWN:
        console.warn(f"... and {len(estimate.unreadable) - _SHOWN} more")


def _log_summary(summary: BatchSummary) -> None:
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
        console.logger.error("interrupted; the same command again resumes the batch")
    console.info(
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
