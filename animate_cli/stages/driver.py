"""Tracks the face in a driver, or loads its trajectory from a template (pass 1)."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from animate_cli.device import thread_count
from animate_cli.digest import sha256_of_pixels
from animate_cli.errors import MediaError
from animate_cli.faces.detection.viola_jones import Proposer
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.faces.tracking.template import load_template
from animate_cli.faces.tracking.track import track
from animate_cli.media.driver import refuse_long
from animate_cli.media.reader import open_driver
from animate_cli.options import Options, ReadOptions
from animate_cli.records import Frame, InputFile, InputFrames, Kind, TrackedDriver, Trajectory
from animate_cli.report import Step, Watch
from animate_cli.streams import Stage, prefetch

DECODED_AHEAD = 8  # frames


def track_driver(
    given: InputFile | InputFrames,
    network: LandmarkDetector,
    options: Options,
    *,
    watch: Watch,
    proposer: Proposer | None = None,
) -> TrackedDriver:
    """Track every frame of the part that `options.read` selects; a template is loaded, not tracked.

    proposer: detects the face; None: the detector that `options.faces` names.

    Raises:
        MediaError: it cannot be read.
        FaceError: no face in it, or not the one asked for.
    """
    if given.kind is Kind.TEMPLATE:
        trajectory = trimmed(load_template(given.path), given.path, options.read)
        refuse_long(given.path, trajectory.times_s[-1], options.read)
        return TrackedDriver(given=given, trajectory=trajectory)
    threads = thread_count(options.compute.threads)
    with open_driver(given, options.read, threads=threads) as reader:
        with closing(prefetch(reader, depth=DECODED_AHEAD)) as frames, watch.clock.measure("track"):
            trajectory = track(
                frames,
                reader.info,
                network,
                options.faces,
                sha256=_digest(given),
                proposer=proposer,
                on_frame=lambda index: watch.report(Step.TRACK, index + 1, reader.expected),
            )
        return TrackedDriver(
            given=given,
            trajectory=trajectory,
            start_s=options.read.start_s,
            duration_s=options.read.duration_s,
            notes=reader.notes,
        )


def _digest(given: InputFile | InputFrames) -> str:
    return given.sha256 if isinstance(given, InputFile) else sha256_of_pixels(given.pixels)


def driver_frames(driver: TrackedDriver, options: ReadOptions, *, threads: int) -> Stage[Frame]:
    """Decode the tracked frames once more, a few ahead, in a thread."""
    read = replace(options, start_s=driver.start_s, duration_s=driver.duration_s)
    with open_driver(driver.given, read, threads=threads) as reader:
        yield from prefetch(reader, depth=DECODED_AHEAD)


def trimmed(trajectory: Trajectory, path: Path, options: ReadOptions) -> Trajectory:
    """The part of a template between --start and --duration, its times counted from there.

    Raises:
        MediaError: nothing is left.
    """
    start = options.start_s
    end = None if options.duration_s is None else start + options.duration_s
    keep = [i for i, t in enumerate(trajectory.times_s) if t >= start and (end is None or t < end)]
    if len(keep) == len(trajectory):
        return trajectory
    if not keep:
        last = float(trajectory.times_s[-1])
        hint = f"it lasts {last:g} s; see --start and --duration"
        raise MediaError(f"{path}: no frame between start and end", hint=hint)
    part = slice(keep[0], keep[-1] + 1)
    motion_weight, codes, body = trajectory.motion_weight, trajectory.codes, trajectory.body
    return replace(
        trajectory,
        landmarks=trajectory.landmarks[part],
        confidence=trajectory.confidence[part],
        found=np.ascontiguousarray(trajectory.found[part]),
        cut=trajectory.cut[part],
        times_s=tuple(t - trajectory.times_s[keep[0]] for t in trajectory.times_s[part]),
        motion_weight=None if motion_weight is None else motion_weight[part],
        codes=None if codes is None else replace(codes, values=codes.values[part]),
        body=None if body is None else body[part],
    )
