"""`animate SOURCE --driver X`: animate one photo, the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.cli.flags import SECTIONS
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.cli.progress import show_progress
from animate_cli.options import Options


@takes_options(*SECTIONS)
@takes_json
def run(
    *,
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="The photo whose face is animated.")],
    options: Options,
    driver: Annotated[
        Path | None,
        typer.Option(
            "--driver",
            "-d",
            help="Where the motion comes from: a video, an image, a folder of numbered images, "
            "or a .npz template of `animate track`.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The result. Default: SOURCE--DRIVER.mp4 in this folder."
        ),
    ] = None,
    show_faces: Annotated[
        bool, typer.Option("--show-faces", help="Only write the photo with its faces numbered.")
    ] = False,
    json_output: JsonOutput,
) -> None:
    """Animate a photo (the default command)."""
    if driver is None and not show_faces:
        context.fail(
            "Missing option '--driver': the video, image or template that the motion comes from."
        )
    from animate_cli.pipeline import Animator

    animator, overwrite = Animator(options), options.output.overwrite
    json_output.check(overwrite=overwrite, others=(source, driver, output))
    if driver is None or show_faces:
        faces = str(animator.write_faces(source, output))
        json_output.write(json.dumps({"output": faces}, indent=2), overwrite=overwrite)
        if not json_output.on_stdout:
            console.result(faces)
        return
    with show_progress() as on_progress:
        report = animator.animate(source, driver, output, on_progress=on_progress)
    for note in report.notes:
        console.warn(note)
    console.info(f"{report.frames} frames at {report.fps:.1f} frames/s, {report.elapsed_s:.1f} s")
    json_output.write(report.to_json(), overwrite=overwrite)
    if not json_output.on_stdout:
        console.result(str(report.output))
