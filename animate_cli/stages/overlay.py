"""Writes the driver as a video with its landmarks drawn in, to check tracking by eye."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from animate_cli import __version__
from animate_cli.errors import OptionError
from animate_cli.faces.drawing.overlay import draw_head, draw_landmarks, head_lines
from animate_cli.faces.shape3d.model import load_shape_model
from animate_cli.media.audio_plan import plan_audio
from animate_cli.media.provenance import Marking
from animate_cli.media.writer import open_writer
from animate_cli.options import Options
from animate_cli.records import Kind, TrackedDriver
from animate_cli.report import Step, Watch
from animate_cli.stages.driver import driver_frames


def write_overlay(driver: TrackedDriver, path: Path, options: Options, *, watch: Watch) -> None:
    """Write the driver's frames with contours, points, pose, gaze, and marks on lost frames.

    Raises:
        WeightsError: the shape model is missing or damaged.
        OptionError: the driver is a template, which has no pictures.
        OutputError: the video cannot be written.
    """
    if driver.kind is Kind.TEMPLATE:
        message = f"{driver.path} is a template and has no pictures to draw on"
        raise OptionError(message, hint="give the video it came from")
    trajectory = driver.trajectory
    lines = head_lines(load_shape_model(), trajectory)
    threads = options.compute.threads
    marking = Marking(version=__version__, model="landmarks", source_sha256=trajectory.sha256)
    frames = driver_frames(driver, options.read, threads=threads)
    with (
        closing(frames),
        open_writer(
            path,
            width=trajectory.width,
            height=trajectory.height,
            rate=trajectory.rate,
            options=options.output,
            marking=marking,
            audio=plan_audio("driver", driver=driver.given, start_s=driver.start_s),
            inputs=(driver.path,),
            threads=threads,
        ) as writer,
    ):
        for index, frame in enumerate(frames):
            drawn = draw_landmarks(frame.pixels, trajectory, index)
            if trajectory.found[index]:
                draw_head(drawn, lines, index)
            writer.write(drawn, frame.time_s)
            watch.report(Step.OVERLAY, index + 1, len(trajectory))
