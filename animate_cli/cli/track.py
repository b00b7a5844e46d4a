"""`animate track VIDEO -o T.npz`: tracks a driver once (pass 1), for use with many photos."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from animate_cli.cli import console
from animate_cli.cli.command_flags import takes_options
from animate_cli.cli.json_output import JsonOutput, takes_json
from animate_cli.cli.progress import show_progress
from animate_cli.options import Options

if TYPE_CHECKING:
    from animate_cli.faces.landmarks.jitter import Jitter
    from animate_cli.records import Trajectory


@takes_options("read", "faces", "motion.model", "motion.weights", "compute", "output.overwrite")
@takes_json
def track(
    *,
    video: Annotated[
        Path, typer.Argument(help="The driver: a video or a folder of numbered images.")
    ],
    options: Options,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The template to write (.npz), for --driver later."),
    ],
    overlay: Annotated[
        Path | None,
        typer.Option("--overlay", help="Also write the video with its landmarks drawn in."),
    ] = None,
    json_output: JsonOutput,
) -> None:
    """Track the face in a driver and save its motion as a template."""
    from animate_cli.faces.landmarks.jitter import sms
    from animate_cli.pipeline import Animator

    overwrite = options.output.overwrite
    json_output.check(overwrite=overwrite, others=(video, output, overlay))
    with show_progress() as on_progress:
        trajectory = Animator(options).track(
            video, output, overlay=overlay, on_progress=on_progress
        )
    jitter = sms(trajectory.landmarks, trajectory.found, trajectory.cut)
    for line in _lines(trajectory, jitter):
        console.info(line)
    summary = _summary(trajectory, jitter, output, overlay)
    json_output.write(json.dumps(summary, indent=2), overwrite=overwrite)
    if not json_output.on_stdout:
        console.result(str(output))


def _lines(trajectory: Trajectory, jitter: Jitter) -> list[str]:
    lines = [f"{len(trajectory)} frames, {trajectory.lost} of them without a face"]
    lines += [f"mean confidence {_mean_confidence(trajectory):.2f}"]
    if jitter.frames:
        share = 100 * jitter.interocular
        lines += [
            f"jitter (SMS) {jitter.px:.3f} px, {share:.3f} % of the distance between the eyes"
        ]
    return lines


def _summary(
    trajectory: Trajectory, jitter: Jitter, output: Path, overlay: Path | None
) -> dict[str, object]:
    """The JSON report. sms: jitter of the landmarks, defined in `faces.landmarks.jitter`."""
    return {
        "output": str(output),
        "overlay": None if overlay is None else str(overlay),
        "frames": len(trajectory),
        "rate": str(trajectory.rate),
        "lost": trajectory.lost,
        "cuts": int(trajectory.cut.sum()),
        "confidence": _mean_confidence(trajectory),
        "sms_px": _number(jitter.px),
        "sms_interocular": _number(jitter.interocular),
        "sms_frames": jitter.frames,
    }


def _mean_confidence(trajectory: Trajectory) -> float:
    """Mean confidence over the frames with a face; a trajectory has at least one."""
    return float(trajectory.confidence[trajectory.found].mean())


def _number(value: float) -> float | None:
    """The value, or None for NaN, which JSON does not have."""
    return None if math.isnan(value) else value
