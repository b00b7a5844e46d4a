"""Makes a data set from raw files. A stopped run can be resumed: it makes only missing files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from animate_cli.data.manifest import CLIP, IMAGE, NAME
from animate_cli.device import thread_count
from animate_cli.errors import InputError, OptionError
from animate_cli.interrupts import catch_stop_signals
from animate_cli.options import Options
from animate_cli.prepare.journal import PrepareJournal
from animate_cli.prepare.options import PrepareOptions
from animate_cli.prepare.scratch_folder import scratch_in
from animate_cli.prepare.sources import find_sources
from animate_cli.prepare.task import FileResult, PreparePlan, PrepareTask, task_of, without_repeats
from animate_cli.prepare.workers import file_results

MANIFEST_EVERY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class RefusedFile:
    """A file that could not be used, and why."""

    source: str
    why: str


@dataclass(frozen=True, kw_only=True)
class PrepareSummary:
    """The numbers of files, clips and frames after a preparation.

    sources: files given; done: prepared now; kept: prepared before; repeated: with the same
    content as another one. clips, images, frames, found: made from these sources, not all of
    the data set; short, small, lost: frames left out because their stretch was too short, the face
    too small or not found; refused: files that could not be used.
    """

    dataset: Path
    manifest: Path
    sources: int
    done: int
    kept: int
    repeated: int
    clips: int
    images: int
    frames: int
    found: int
    short: int
    small: int
    lost: int
    refused: tuple[RefusedFile, ...]
    elapsed_s: float

    def to_json(self) -> str:
        """One JSON object; paths as strings."""
        return json.dumps(asdict(self), default=str, indent=2)


@dataclass(frozen=True, kw_only=True)
class PrepareStep:
    """Progress of a preparation.

    done: files prepared now, of `total`; kept: files prepared before; result: of the last file,
    None before the first.
    """

    done: int
    total: int
    kept: int
    result: FileResult | None
    elapsed_s: float


OnStep = Callable[[PrepareStep], None]


def prepare(
    inputs: Sequence[str | Path],
    output: str | Path,
    choices: PrepareOptions | None = None,
    options: Options | None = None,
    *,
    on_step: OnStep = lambda step: None,
) -> PrepareSummary:
    """Make a data set: clips and pictures with landmarks, of videos, pictures and folders.

    output: the data set's folder; finished files of an earlier run with the same options are kept.
    Ctrl-C and SIGTERM stop it; finished files are kept, and no half-written one is left.

    Raises:
        InputError: an input is missing, or no file could be used.
        OptionError: options contradict each other.
        OutputError: the data set cannot be written to.
        Cancelled: it was interrupted.
    """
    begun = time.monotonic()
    choices, options = choices or PrepareOptions(), options or Options()
    choices.check()
    folder = Path(output)
    tasks, repeats = without_repeats(
        task_of(source, choices, options)
        for source in find_sources([Path(one) for one in inputs], choices, output=folder)
    )
    _require_names(tasks)
    with scratch_in(folder) as scratch:
        journal = PrepareJournal(folder)
        known = {task.key: journal.result_of(task) for task in tasks}
        missing = [task for task in tasks if known[task.key] is None]
        plan = PreparePlan(choices=choices, options=_shared(options, choices.jobs), scratch=scratch)
        kept = len(tasks) - len(missing)

        def report(done: int, result: FileResult | None) -> None:
            elapsed_s, total = time.monotonic() - begun, len(missing)
            on_step(
                PrepareStep(done=done, total=total, kept=kept, result=result, elapsed_s=elapsed_s)
            )

        report(0, None)
        for done, result in enumerate(_make_and_commit(missing, plan, journal), start=1):
            known[result.key] = result
            report(done, result)
    every = [one for one in known.values() if one is not None]
    if not any(one.lines for one in every):
        raise _no_clips_error(every)
    return _summary(folder, every, done=len(missing), repeated=len(repeats), begun=begun)


def _require_names(tasks: Sequence[PrepareTask]) -> None:
    """Check that no two files get the same name, as files of two data sets may."""
    first: dict[str, PrepareTask] = {}
    for task in tasks:
        other = first.setdefault(task.name, task)
        if other is not task:
            raise OptionError(
                f"{other.source.path} and {task.source.path} would both become {task.name}",
                hint="prepare them into folders of their own",
            )


def _make_and_commit(
    tasks: Sequence[PrepareTask], plan: PreparePlan, journal: PrepareJournal
) -> Iterator[FileResult]:
    """For each file: make its clips, move them into the data set, and add a line to the journal."""
    written_s = time.monotonic()
    with catch_stop_signals() as stop, closing(file_results(tasks, plan, stop)) as made:
        try:
            for result in made:
                journal.commit(result, plan.scratch)
                if time.monotonic() - written_s > MANIFEST_EVERY_S:
                    journal.write_manifest()
                    written_s = time.monotonic()
                yield result
        finally:
            journal.write_manifest()


def _shared(options: Options, jobs: int) -> Options:
    """The options, with the cores shared among the processes as threads."""
    threads = max(1, thread_count(options.compute.threads) // thread_count(jobs))
    return replace(options, compute=replace(options.compute, threads=threads))


def _no_clips_error(results: Sequence[FileResult]) -> InputError:
    if not results:
        return InputError("no video and no picture was given", hint="name files or folders of them")
    refused = [one for one in results if one.refused]
    if refused:
        return InputError(
            f"none of the {len(results)} files could be used; the first: {refused[0].refused}",
            hint="see the message for each file",
        )
    short, small = sum(one.short for one in results), sum(one.small for one in results)
    return InputError(
        f"no clip is left: {short} frames in stretches too short, {small} with too small a face",
        hint="ask for less with --least-frames, --least-px and --size",
    )


def _summary(
    folder: Path, every: Sequence[FileResult], *, done: int, repeated: int, begun: float
) -> PrepareSummary:
    lines = [line for one in every for line in one.lines]
    return PrepareSummary(
        dataset=folder,
        manifest=folder / NAME,
        sources=len(every) + repeated,
        done=done,
        kept=len(every) - done,
        repeated=repeated,
        clips=sum(line.kind == CLIP for line in lines),
        images=sum(line.kind == IMAGE for line in lines),
        frames=sum(line.frames or 0 for line in lines),
        found=sum(line.found or 0 for line in lines),
        short=sum(one.short for one in every),
        small=sum(one.small for one in every),
        lost=sum(one.lost for one in every),
        refused=tuple(
            RefusedFile(source=one.source, why=one.refused) for one in every if one.refused
        ),
        elapsed_s=round(time.monotonic() - begun, 3),
    )
