"""`animate prepare VIDEOS... -o DATASET`: makes a training data set from raw videos and photos."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options, takes_record
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.options import Options
from animate_cli.prepare.options import FileTreatment, PrepareOptions

if TYPE_CHECKING:
    from rich.progress import Progress

    from animate_cli.prepare.run import PrepareStep, PrepareSummary
    from animate_cli.prepare.task import FileResult

    OnStep = Callable[[PrepareStep], None]

_FLAGS = {
    "size": typer.Option(
        "--size", min=32, max=4096, help="Side of the squares that are written, in pixels."
    ),
    "least_px": typer.Option(
        "--least-px", min=1, help="Leave out faces whose square is smaller in the video."
    ),
    "least_iou": typer.Option(
        "--least-iou",
        min=0,
        max=1,
        help="End a clip when the face's box overlaps its first box by less (IoU).",
    ),
    "least_frames": typer.Option("--least-frames", min=1, help="Leave out shorter clips."),
    "most_frames": typer.Option("--most-frames", min=1, help="Divide longer clips."),
    "identity_from": typer.Option(
        "--identity-from",
        metavar="auto|folder|file|REGEX",
        help="Where the person's name comes from. auto: a known data set's own names, else the "
        "folder; folder; file; or a regular expression found in the path.",
    ),
    "split": typer.Option(
        "--split", help="The split of the files: for training or for evaluation."
    ),
    "terms": typer.Option(
        "--terms", help="A word for the terms of use, by which recipes choose files."
    ),
    "licence": typer.Option("--licence", help="Licence of the files, for the manifest."),
    "jobs": typer.Option("--jobs", "-j", min=0, help="Worker processes; 0: one for every core."),
}


@takes_options(
    *("faces.detector", "faces.face", "faces.driver_face"),
    *("faces.registration", "faces.smooth"),
    "compute",
)
@takes_json
@takes_record("choices", PrepareOptions, _FLAGS)
def prepare(
    *,
    videos: Annotated[list[Path], typer.Argument(help="Videos, pictures, and folders of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the data set.")],
    options: Options,
    as_is: Annotated[
        bool,
        typer.Option("--as-is", help="The files are face squares already: only label them."),
    ] = False,
    choices: PrepareOptions,
    json_output: JsonOutput,
) -> None:
    """Make a data set: cut the faces of videos and pictures into squares with landmarks.

    The same command again resumes where it stopped.

    A manifest.csv above the files gives their identity, split and terms.
    """
    from animate_cli.prepare.run import prepare as run

    overwrite = json_output.is_earlier_report()
    json_output.check(overwrite=overwrite, others=videos)
    treatment = FileTreatment.AS_IS if as_is else FileTreatment.CUT
    with _show_progress() as on_step:
        prepared = run(
            videos, output, replace(choices, treatment=treatment), options, on_step=on_step
        )
    for line in _summary_lines(prepared):
        console.info(line)
    json_output.write(prepared.to_json(), overwrite=overwrite)
    if not json_output.on_stdout:
        console.result(str(prepared.manifest))


def _summary_lines(prepared: PrepareSummary) -> list[str]:
    p = prepared
    files = f"files: {p.done} prepared now, {p.kept} before, {p.repeated} repeated"
    made = f"clips: {p.clips}, frames: {p.frames}, pictures: {p.images}"
    left = (
        f"frames left out: {p.lost} without the face, {p.short} in stretches too short,"
        f" {p.small} with too small a face; files left out: {len(p.refused)}"
    )
    return [files, made, left]


@contextmanager
def _show_progress() -> Iterator[OnStep]:
    """A line per file; on a terminal a bar below the lines."""
    if console.is_quiet() or not sys.stderr.isatty():
        yield _log_step
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("preparing"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _PrepareBar(bars)


class _PrepareBar:
    """Prints a line per file and moves the bar below."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None)

    def __call__(self, step: PrepareStep) -> None:
        _log_step(step)
        self._bars.update(self._task, completed=step.done, total=step.total)


def _log_step(step: PrepareStep) -> None:
    if step.result is None:
        console.info(f"{step.total} files to prepare; {step.kept} are prepared already")
        return
    left_s = step.elapsed_s / step.done * (step.total - step.done)
    console.info(f"{step.done} of {step.total}, {left_s:.0f} s left: {_describe(step.result)}")


def _describe(one: FileResult) -> str:
    if one.refused:
        return f"{one.source}: left out ({one.refused})"
    if not one.lines:
        return f"{one.source}: no stretch is long and large enough"
    frames = ", ".join(f"{line.frames} frames" for line in one.lines if line.frames)
    return f"{one.source}: {frames or 'a picture'}"
