"""Tracks the clips of an evaluation, each once for all its pairs and candidates."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from animate_cli.evaluate.clips.candidate import BASELINES
from animate_cli.evaluate.clips.frame_times import frame_times, span
from animate_cli.options import (
    ComputeOptions,
    Engine,
    FaceOptions,
    MotionOptions,
    Options,
    Registration,
)
from animate_cli.pipeline import Animator
from animate_cli.records import Photo, Points, PreparedSource, TrackedDriver

MOST_FRAMES = 200_000  # of all clips in memory, some 1 KB each

_Key = tuple[Path, int, Registration]


class ClipTracker:
    """Tracks clips and finds faces with our own detector.

    The motion of the clips used last stays in memory, at most `most_frames` frames of it.
    """

    def __init__(self, compute: ComputeOptions, *, most_frames: int = MOST_FRAMES) -> None:
        motion = MotionOptions(model=BASELINES[-1])  # a model that reads no frames
        compute = replace(compute, engine=Engine.TORCH)
        self._animator = Animator(Options(motion=motion, compute=compute))
        self._threads = compute.threads
        self._tracked: OrderedDict[_Key, TrackedDriver] = OrderedDict()
        self._most_frames = most_frames

    def track(
        self, path: Path, count: int = 0, registration: Registration = Registration.ON
    ) -> TrackedDriver:
        """Track a clip's first `count` frames, 0: all, and decode no other.

        Raises:
            MediaError: the clip cannot be read.
            FaceError: there is no face in it.
        """
        key = path, count, registration
        tracked = self._tracked.pop(key, None) or self._track(path, count, registration)
        self._tracked[key] = tracked
        while sum(len(one.trajectory) for one in self._tracked.values()) > self._most_frames:
            self._tracked.popitem(last=False)
        return tracked

    def prepare_source(self, photo: Photo, face: Points | None = None) -> PreparedSource:
        """A photo and its landmarks. face (74, 2): the landmarks, where they are known.

        Raises:
            FaceError: there is no face in the photo.
        """
        return self._animator.prepare_source(photo, face=face)

    def _track(self, path: Path, count: int, registration: Registration) -> TrackedDriver:
        options = self._animator.options
        read = options.read
        if count:
            times_s, _ = frame_times(path, count + 1, self._threads)
            read = replace(read, duration_s=span(times_s, 0, count).duration_s)
        options = replace(options, read=read, faces=FaceOptions(registration=registration))
        return self._animator.with_options(options).prepare_driver(path)
