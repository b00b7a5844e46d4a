"""Renders an open scene into a file, and returns the report."""

from __future__ import annotations

from contextlib import closing
from itertools import chain

from animate_cli.device import thread_count
from animate_cli.media.images.image import write_image
from animate_cli.media.video.segments import Film
from animate_cli.media.writer import open_writer
from animate_cli.records import Image
from animate_cli.report import Report, Step
from animate_cli.stages.cost_warnings import warn_if_large
from animate_cli.stages.destination import Destination
from animate_cli.stages.open_scene import OpenScene
from animate_cli.stages.run_summary import marking_of, notes_of, report_of
from animate_cli.stages.scene import warp_alpha


def write_video(scene: OpenScene, destination: Destination, film: Film | None) -> Report:
    """Render and encode every frame; with `film`, only those after its complete segments."""
    o, watch, trajectory = scene.options, scene.watch, scene.driver.trajectory
    threads = thread_count(o.compute.threads)
    notes = notes_of(scene.source, scene.driver, o)
    film = film if film and film.is_worth_it(destination.path) else None
    start = film.done if film else 0
    with closing(scene.pictures(start=start)) as frames:
        first = next(frames)
        notes += warn_if_large(first, destination.path, o.output, threads=threads)
        watch.report(Step.RENDER, start, len(trajectory))
        with open_writer(
            destination.path,
            width=first.shape[1],
            height=first.shape[0],
            rate=trajectory.rate,
            options=o.output,
            marking=marking_of(scene.source, scene.driver, o),
            audio=destination.audio,
            inputs=destination.inputs,
            threads=threads,
            film=film,
        ) as writer:
            for pixels, time_s in zip(
                chain((first,), frames), trajectory.times_s[start:], strict=True
            ):
                with watch.clock.measure("encode"):
                    writer.write(pixels, time_s)
                watch.report(Step.RENDER, writer.frames, len(trajectory))
        notes += writer.notes
    return report_of(destination.path, scene, _size(first), notes)


def write_picture(scene: OpenScene, destination: Destination) -> Report:
    """Render the first frame, and write it, with transparency if the format has it."""
    o, watch = scene.options, scene.watch
    watch.report(Step.RENDER, 0, 1)
    with closing(scene.pictures()) as frames:
        pixels = next(frames)
    write_image(
        destination.path,
        pixels,
        alpha=warp_alpha(scene.scene),
        marking=marking_of(scene.source, scene.driver, o),
        overwrite=o.output.overwrite,
        inputs=destination.inputs,
    )
    watch.report(Step.RENDER, 1, 1)
    notes = notes_of(scene.source, scene.driver, o)
    return report_of(destination.path, scene, _size(pixels), notes)


def _size(pixels: Image) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]
