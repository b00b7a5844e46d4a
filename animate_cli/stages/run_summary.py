"""Summarises a run: the provenance marking, notes for the user, and the report."""

from __future__ import annotations

from pathlib import Path

from animate_cli import __version__, hub
from animate_cli.media.provenance import Marking
from animate_cli.models.base import engine_of
from animate_cli.options import Lost, Options
from animate_cli.records import PreparedSource, TrackedDriver
from animate_cli.report import Report, Step, versions
from animate_cli.stages.open_scene import OpenScene

LANDMARK_WEIGHTS = "landmarks"


def marking_of(source: PreparedSource, driver: TrackedDriver, options: Options) -> Marking:
    """The statement that the result is synthetic, with digests of inputs and weights."""
    return Marking(
        version=__version__,
        model=options.motion.model,
        source_sha256=source.photo.sha256,
        driver_sha256=driver.trajectory.sha256,
        weights=tuple((one.name, one.sha256) for one in _weights(options)),
    )


def notes_of(source: PreparedSource, driver: TrackedDriver, options: Options) -> tuple[str, ...]:
    """Notes on changes while reading, and on frames without a face."""
    notes = [f"{source.photo.path.name}: {note}" for note in source.photo.notes]
    notes += [f"{driver.path.name}: {note}" for note in driver.notes]
    trajectory = driver.trajectory
    if trajectory.lost:
        count = f"{trajectory.lost} of {len(trajectory)} driver frames show no face"
        notes.append(f"{count}: {_LOST[options.faces.lost]}")
    return tuple(notes)


_LOST = {
    Lost.HOLD: "the last pose was held there",
    Lost.INTERPOLATE: "motion was interpolated there",
    Lost.REST: "the photo's own pose was shown there",
    Lost.FAIL: "",
}


def report_of(
    output: Path, scene: OpenScene, size: tuple[int, int], notes: tuple[str, ...]
) -> Report:
    """The report of a run; size: width and height of the output."""
    trajectory, watch = scene.driver.trajectory, scene.watch
    frames = len(trajectory)
    return Report(
        output=output,
        frames=frames,
        width=size[0],
        height=size[1],
        rate=trajectory.rate,
        duration_s=float(trajectory.times_s[-1] + 1 / trajectory.rate),
        fps=watch.fps(Step.RENDER, frames),
        elapsed_s=watch.clock.elapsed_s,
        lost=trajectory.lost,
        concealed=trajectory.frames_concealed,
        declared=trajectory.frames_declared,
        anchor=scene.anchor,
        device=str(scene.scene.device),
        engine=engine_of(scene.scene.model),
        timings=watch.clock.timings,
        versions=versions(),
        weights=_weights(scene.options),
        notes=notes,
    )


def _weights(options: Options) -> tuple[hub.WeightUsed, ...]:
    """Weights of the landmark network and of the model."""
    motion = options.motion
    return hub.used(LANDMARK_WEIGHTS), *hub.used_by(motion.model, motion.weights)
