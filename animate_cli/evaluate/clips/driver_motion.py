"""The motion that drives a clip pair: the tracked driver, or the labels beside its clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from animate_cli.data.label_files import read_labels
from animate_cli.data.labels import complete
from animate_cli.digest import sha256_of
from animate_cli.errors import FaceError
from animate_cli.evaluate.clips.clip_pairs import ClipPair
from animate_cli.evaluate.protocol import DrivenBy, Protocol
from animate_cli.faces.tracking.lost_frames import fill_lost_frames
from animate_cli.media.reader import open_driver
from animate_cli.options import Lost, ReadOptions
from animate_cli.pipeline import Animator
from animate_cli.records import Trajectory, VideoInfo
from animate_cli.stages.driver import trimmed


def driver_motion(
    animator: Animator, pair: ClipPair, protocol: Protocol, threads: int
) -> Trajectory:
    """The driver's motion, from the pair's first driver frame up to the protocol's cap.

    Raises:
        AnimateError: no face in the driver, or the driver or its labels cannot be read.
    """
    if protocol.driven_by is DrivenBy.LABELS:
        return labelled_motion(pair.driver, protocol.cap, threads)
    if pair.driver_start == 0:
        return track_start(animator, pair.driver, protocol.cap, threads)
    # The whole clip was tracked when its start frame was chosen, so this comes from the cache.
    trajectory, begin = animator.track(pair.driver), pair.driver_start
    end = begin + protocol.cap if protocol.cap else len(trajectory)
    return trimmed(trajectory, pair.driver, _span(trajectory.times_s, begin, end))


def track_start(animator: Animator, path: Path, count: int, threads: int) -> Trajectory:
    """Track the first `count` frames of a clip, 0: all, and decode no other."""
    if not count:
        return animator.track(path)
    times_s, _ = _frame_times(path, count + 1, threads)
    read = replace(animator.options.read, duration_s=_span(times_s, 0, count).duration_s)
    return animator.with_options(replace(animator.options, read=read)).track(path)


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
    times_s, info = _frame_times(path, count or None, threads)
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


def _frame_times(
    path: Path, count: int | None, threads: int
) -> tuple[tuple[Fraction, ...], VideoInfo]:
    """When a clip's first `count` frames are shown, None: all frames; and the clip's properties."""
    with open_driver(path, ReadOptions(), threads=threads) as reader:
        return tuple(frame.time_s for frame in islice(reader, count)), reader.info


def _span(times_s: tuple[Fraction, ...], begin: int, end: int) -> ReadOptions:
    """Read frames `begin` to `end` - 1, or to the last one where the clip is shorter."""
    length_s = times_s[end] - times_s[begin] if end < len(times_s) else None
    return ReadOptions(start_s=times_s[begin], duration_s=length_s)
