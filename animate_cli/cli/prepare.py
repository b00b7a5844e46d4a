"""`animate prepare VIDEOS... -o DATASET`: raw videos and portraits -> a data set to train on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.flags import takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.options import Options
from animate_cli.prepare.options import FileTreatment, PrepareOptions, Split

if TYPE_CHECKING:
    from rich.progress import Progress

    from animate_cli.prepare.run import PrepareStep, PrepareSummary
    from animate_cli.prepare.task import FileOutcome

    OnStep = Callable[[PrepareStep], None]

USUAL = PrepareOptions()


@takes_options(
    *("faces.detector", "faces.face", "faces.driver_face"),
    *("faces.registration", "faces.smooth"),
    "compute",
)
@takes_json
def prepare(
    *,
    videos: Annotated[list[Path], typer.Argument(help="Videos, pictures, and folders of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the data set.")],
    options: Options,
    as_is: Annotated[
        bool,
        typer.Option("--as-is", help="The files are squares already: label them, change nothing."),
    ] = False,
    size: Annotated[
        int, typer.Option(min=32, max=4096, help="Pixels of the squares that are written.")
    ] = USUAL.size,
    least_px: Annotated[
        int, typer.Option(min=1, help="Smaller squares of a video are dropped.")
    ] = USUAL.least_px,
    least_iou: Annotated[
        float,
        typer.Option(min=0, max=1, help="A clip ends when the face overlaps its first place less."),
    ] = USUAL.least_iou,
    least_frames: Annotated[
        int, typer.Option(min=1, help="Shorter clips are dropped.")
    ] = USUAL.least_frames,
    most_frames: Annotated[
        int, typer.Option(min=1, help="Longer clips are divided.")
    ] = USUAL.most_frames,
    identity_from: Annotated[
        str,
        typer.Option(
            metavar="auto|folder|file|REGEX",
            help="Who is seen: as a known data set says or by folder; by folder, file, or part of "
            "the path.",
        ),
    ] = USUAL.identity_from,
    split: Annotated[Split, typer.Option(help="What the files are for.")] = USUAL.split,
    terms: Annotated[
        str, typer.Option(help="Terms of use, a word that recipes choose by (data.terms).")
    ] = USUAL.terms,
    licence: Annotated[str, typer.Option(help="Licence of the files.")] = USUAL.licence,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, help="Processes; 0: one for every core.")
    ] = USUAL.jobs,
    json_output: JsonOutput,
) -> None:
    """Cut the faces of videos and portraits into squares with landmarks, to train on.

    The same command again goes on where it stopped.

    Where a manifest.csv lies above the files, it says identity, split and terms.
    """
    from animate_cli.prepare.run import prepare as run

    choices = PrepareOptions(
        treatment=FileTreatment.AS_IS if as_is else FileTreatment.CUT,
        size=size,
        least_px=least_px,
        least_iou=least_iou,
        least_frames=least_frames,
        most_frames=most_frames,
        identity_from=identity_from,
        split=split,
        terms=terms,
        licence=licence,
        jobs=jobs,
    )
    overwrite = json_output.is_earlier_report()
    json_output.check(overwrite=overwrite, others=videos)
    with _shown() as on_step:
        prepared = run(videos, output, choices, options, on_step=on_step)
    for line in _told(prepared):
        console.tell(line)
    json_output.write(prepared.to_json(), overwrite=overwrite)
    if not json_output.on_stdout:
        console.result(str(prepared.manifest))


def _told(prepared: PrepareSummary) -> list[str]:
    p = prepared
    files = f"files: {p.done} prepared now, {p.kept} before, {p.repeated} repeated"
    made = f"clips: {p.clips}, frames: {p.frames}, pictures: {p.images}"
    left = (
        f"frames without the face: {p.lost}, in stretches too short: {p.short},"
        f" with too small a face: {p.small}; files of which nothing could be made: {len(p.refused)}"
    )
    return [files, made, left]


@contextmanager
def _shown() -> Iterator[OnStep]:
    """A line for every file; on a terminal a bar below them."""
    if console.is_quiet() or not sys.stderr.isatty():
        yield _tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("preparing"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _PrepareBar(bars)


class _PrepareBar:
    """A bar under the lines."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None)

    def __call__(self, step: PrepareStep) -> None:
        _tell(step)
        self._bars.update(self._task, completed=step.done, total=step.total)


def _tell(step: PrepareStep) -> None:
    if step.outcome is None:
        console.tell(f"{step.total} files to prepare; {step.kept} are prepared")
        return
    left_s = step.elapsed_s / step.done * (step.total - step.done)
    console.tell(f"{step.done} of {step.total}, {left_s:.0f} s left: {_what(step.outcome)}")


def _what(one: FileOutcome) -> str:
    if one.refused:
        return f"{one.source}: nothing ({one.refused})"
    if not one.lines:
        return f"{one.source}: nothing long and large enough"
    frames = ", ".join(f"{line.frames} frames" for line in one.lines if line.frames)
    return f"{one.source}: {frames or 'a picture'}"
