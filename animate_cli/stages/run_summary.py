"""What a finished run says: the marking in the file, the notes, the report."""

from __future__ import annotations

from animate_cli import __version__, hub
from animate_cli.media.provenance import Marking, sha256_of
from animate_cli.options import Engine, Lost, Options
from animate_cli.records import Photo
from animate_cli.report import Clock, Report, Step, Watch, versions
from animate_cli.stages.destination import Destination
from animate_cli.stages.driver import TrackedDriver

LANDMARK_WEIGHTS = "landmarks"


def marking_of(destination: Destination, followed: TrackedDriver, options: Options) -> Marking:
    """The statement that the result is synthetic, from what, and by which weights."""
    return Marking(
        version=__version__,
        model=options.motion.model,
        source_sha256=sha256_of(destination.source),
        driver_sha256=followed.trajectory.sha256,
        weights=tuple((one.name, one.sha256) for one in _weights(options)),
    )


def notes_of(photo: Photo, followed: TrackedDriver, options: Options) -> tuple[str, ...]:
    """What reading changed, and how many frames show no face."""
    notes = [f"{photo.path.name}: {note}" for note in photo.notes]
    notes += [f"{followed.path.name}: {note}" for note in followed.notes]
    trajectory = followed.trajectory
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
    destination: Destination,
    followed: TrackedDriver,
    anchor: int,
    size: tuple[int, int],
    notes: tuple[str, ...],
    *,
    options: Options,
    device: str,
    engine: Engine,
    clock: Clock,
    watch: Watch,
) -> Report:
    """The record of a run; size: width and height of the output."""
    trajectory = followed.trajectory
    frames = len(trajectory)
    return Report(
        output=destination.path,
        frames=frames,
        width=size[0],
        height=size[1],
        rate=trajectory.rate,
        duration_s=float(trajectory.times_s[-1] + 1 / trajectory.rate),
        fps=watch.fps(Step.RENDER, frames),
        elapsed_s=clock.elapsed_s,
        lost=trajectory.lost,
        concealed=trajectory.frames_concealed,
        declared=trajectory.frames_declared,
        anchor=anchor,
        device=device,
        engine=engine,
        timings=clock.timings,
        versions=versions(),
        weights=_weights(options),
        notes=notes,
    )


def _weights(options: Options) -> tuple[hub.WeightUsed, ...]:
    """Those that found the points, and the model's."""
    motion = options.motion
    return hub.used(LANDMARK_WEIGHTS), *hub.used_by(motion.model, motion.weights)
