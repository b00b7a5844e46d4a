"""The driver of a clip pair: its tracked clip, or the labels beside the clip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from animate_cli.data.label_files import read_labels
from animate_cli.data.labels import complete
from animate_cli.digest import sha256_of
from animate_cli.errors import FaceError
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.clips.clip_tracker import ClipTracker
from animate_cli.evaluate.clips.frame_times import frame_times, span
from animate_cli.evaluate.protocol import DrivenBy, Protocol
from animate_cli.faces.tracking.lost_frames import fill_lost_frames
from animate_cli.options import Lost
from animate_cli.records import InputFile, Kind, TrackedDriver, Trajectory
from animate_cli.stages.driver import trimmed


def pair_driver(
    tracker: ClipTracker, pair: ClipPair, protocol: Protocol, threads: int
) -> TrackedDriver:
    """The pair's driver, tracked from its first frame on; see `used_part`.

    Raises:
        AnimateError: no face in the driver, or the driver or its labels cannot be read.
    """
    if protocol.driven_by is DrivenBy.LABELS:
        trajectory = labelled_motion(pair.driver, protocol.cap, threads)
        given = InputFile(path=pair.driver, kind=Kind.TEMPLATE, sha256=trajectory.sha256)
        return TrackedDriver(given=given, trajectory=trajectory)
    count = protocol.cap if pair.driver_start == 0 else 0
    return tracker.track(pair.driver, count, protocol.registration)


def used_part(driver: TrackedDriver, pair: ClipPair, protocol: Protocol) -> TrackedDriver:
    """The part of a driver that a pair uses: from its start frame up to the protocol's cap."""
    if pair.driver_start == 0:
        return driver
    times_s, begin = driver.trajectory.times_s, pair.driver_start
    end = begin + protocol.cap if protocol.cap else len(times_s)
    part = span(times_s, begin, end)
    trajectory = trimmed(driver.trajectory, driver.path, part)
    start_s = driver.start_s + part.start_s
    return replace(driver, trajectory=trajectory, start_s=start_s, duration_s=part.duration_s)


def labelled_motion(path: Path, count: int, threads: int) -> Trajectory:
    """The labels of a clip's first `count` frames, 0: all, without any filter.

    Eyelid and pupil points that the labels lack are estimated. Frames without a label are
    interpolated from their neighbours and count as lost.

    Raises:
        DataError: there are no labels, or they are damaged.
        FaceError: the first frame, which is the source, has no label.
        MediaError: the clip cannot be read.
    """
    labels = read_labels(path)
    times_s, info = frame_times(path, count or None, threads)
    frames = slice(min(len(times_s), len(labels.points)))
    points, times_s = complete(labels.points[frames]), times_s[frames]
    found = labels.found[frames] & np.isfinite(points).all(axis=(1, 2))
    if not found[:1].any():
        hint = "landmark-driven evaluation starts from the first frame's own label"
        raise FaceError(f"{path}: the first frame has no label", hint=hint)
    cut = np.zeros(len(found), np.bool_)
    return Trajectory(
        landmarks=fill_lost_frames(points, found, cut, times_s, Lost.INTERPOLATE),
        confidence=np.repeat(found[:, None], points.shape[1], axis=1).astype(np.float32),
        found=found,
        cut=cut,
        times_s=times_s,
        rate=info.rate,
        width=info.width,
        height=info.height,
        driver=path.name,
        sha256=sha256_of(path),
    )
