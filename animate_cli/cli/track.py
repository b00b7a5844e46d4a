"""`animate track VIDEO -o T.npz`: pass 1 alone, for use with many photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.flags import takes_options
from animate_cli.cli.progress import shown_progress
from animate_cli.options import Options


@takes_options("read", "faces", "compute", "output.overwrite")
def track(
    *,
    video: Annotated[Path, typer.Argument(help="The driver.")],
    options: Options,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Template to write, for --driver.")
    ],
    overlay: Annotated[
        Path | None, typer.Option("--overlay", help="Also write the video with its landmarks.")
    ] = None,
) -> None:
    """Follow a face once and keep its motion as a template."""
    from animate_cli.pipeline import Animator

    with shown_progress() as on_progress:
        trajectory = Animator(options).track(
            video, output, overlay=overlay, on_progress=on_progress
        )
    console.tell(f"{len(trajectory)} frames, {trajectory.lost} of them without a face")
    console.result(str(output))
