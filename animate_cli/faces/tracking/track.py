"""Pass 1: follow one face through a video and record its landmarks in every frame.

The landmark network reads a square about the last landmarks. The square stays in place until the
face has moved out of its middle: a still face is read through a still square, and several frames
form a batch. A detector searches the face in the first frame, after a cut, when the face is lost,
and when its appearance changes so that another person may be followed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import FaceError
from animate_cli.faces.detection.detect import make_proposer
from animate_cli.faces.detection.viola_jones import Proposer
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.faces.tracking import lost_frames
from animate_cli.faces.tracking.blinks import shut_lids
from animate_cli.faces.tracking.body_motion import BodyFlow
from animate_cli.faces.tracking.follower import FaceFollower, TrackedFace
from animate_cli.faces.tracking.registration import PointRegistration, smooth_registration
from animate_cli.faces.tracking.smooth import smooth
from animate_cli.options import FaceOptions, Lost, Registration
from animate_cli.records import BODY, LANDMARKS, Frame, Points, Trajectory, VideoInfo


def track(
    frames: Iterable[Frame],
    info: VideoInfo,
    network: LandmarkDetector,
    options: FaceOptions,
    *,
    sha256: str,
    on_frame: Callable[[int], None],
    proposer: Proposer | None = None,
) -> Trajectory:
    """The landmarks of one face in every frame of a driver, registered, smoothed, all finite.

    frames: read once, in order; at most `follower.MAX_AHEAD` of them are held. sha256: of the
    driver's bytes. on_frame: called with the number of each finished frame; it may raise to stop.
    proposer: detects the face; None: the detector that `options` name.

    Raises:
        FaceError: there is no face in the whole video, or not the one asked for, or the face is
            lost in a frame and `options.lost` is FAIL.
    """
    detector = proposer or make_proposer(options.detector)
    follower = FaceFollower(network, detector, options.driver_face)
    register = PointRegistration() if options.registration is Registration.ON else None
    flow, record = BodyFlow(), _Record()
    waiting: deque[Frame] = deque()
    stream = iter(frames)
    while _top_up(waiting, stream, follower.ahead):
        for one in _refined(follower.advance(waiting), waiting, network):
            frame = waiting.popleft()
            if not one.found and options.lost is Lost.FAIL:
                raise _lost_in(frame, info)
            shift = None if register is None else _shift(register, one, frame)
            record.add(one, frame, shift, _body(flow, one, frame, shift))
            on_frame(frame.index)
    return _assemble(record, info, options, sha256=sha256)


def _refined(
    seen: list[TrackedFace], waiting: Iterable[Frame], network: LandmarkDetector
) -> list[TrackedFace]:
    """The faces of the first waiting frames, eyes and mouths looked at again in one batch."""
    found = [k for k, one in enumerate(seen) if one.found]
    frames = [frame.pixels for frame, _ in zip(waiting, seen, strict=False)]
    points = [seen[k].landmarks for k in found]
    if not found:
        return seen
    refined = network.refine([frames[k] for k in found], np.stack(points))
    faces = list(seen)
    for k, where in zip(found, refined, strict=True):
        faces[k] = replace(faces[k], landmarks=where)
    return faces


def _shift(register: PointRegistration, seen: TrackedFace, frame: Frame) -> Points:
    """The shift (74, 2) that registers a frame's landmarks with its shot's first frame."""
    if seen.cut:
        register.restart()
    if seen.found:
        return register(frame, seen.landmarks)
    register.miss()
    return np.zeros_like(seen.landmarks)


def _body(flow: BodyFlow, seen: TrackedFace, frame: Frame, shift: Points | None) -> Points:
    """The motion of neck, shoulders and hair (26, 2), see `body_motion`; NaN if unknown."""
    if seen.cut:
        flow.restart()
    if seen.found:
        return flow(frame, seen.landmarks if shift is None else seen.landmarks + shift)
    flow.miss()
    return np.full((BODY, 2), np.nan, np.float32)


def _top_up(waiting: deque[Frame], stream: Iterator[Frame], count: int) -> bool:
    """Read until `count` frames are waiting or the stream ends. Returns whether any is waiting."""
    while len(waiting) < count and (frame := next(stream, None)) is not None:
        waiting.append(frame)
    return bool(waiting)


class _Record:
    """Results of all frames so far, in byte arrays that grow.

    One object per frame would take three times the memory and fragment the heap.
    """

    def __init__(self) -> None:
        self._landmarks, self._confidence = bytearray(), bytearray()
        self._shifts, self._body = bytearray(), bytearray()
        self._found, self._cut = bytearray(), bytearray()
        self._times_s: list[Fraction] = []
        self.concealed = 0

    def add(self, seen: TrackedFace, frame: Frame, shift: Points | None, body: Points) -> None:
        """Add a frame's result, its shift (74, 2) and body motion (26, 2).

        `seen` may mark frames before it as not found.
        """
        if seen.revoked:
            self._found[-seen.revoked :] = bytes(seen.revoked)
        self._landmarks += seen.landmarks.astype(np.float32, copy=False).tobytes()
        self._confidence += seen.confidence.astype(np.float32, copy=False).tobytes()
        if shift is not None:
            self._shifts += shift.astype(np.float16).tobytes()
        self._body += body.astype(np.float16).tobytes()
        self._found.append(seen.found)
        self._cut.append(seen.cut)
        self._times_s.append(frame.time_s)
        self.concealed += frame.is_concealed

    def register(self) -> None:
        """Add the smoothed shifts to the landmarks, once."""
        if not self._shifts:
            return
        shifts = np.frombuffer(self._shifts, np.float16).reshape(-1, LANDMARKS, 2)
        landmarks = self.landmarks
        for i, shift in smooth_registration(shifts, self.found, self.cut, self.times_s):
            landmarks[i] += shift
        self._shifts = bytearray()

    def body(self) -> NDArray[np.float16]:
        """Body motion (T, 26, 2), averaged over time; 0 where unknown."""
        seen = np.frombuffer(self._body, np.float16).reshape(-1, BODY, 2)
        moved = np.zeros_like(seen)
        for i, average in smooth_registration(seen, self.found, self.cut, self.times_s):
            moved[i] = average
        return moved

    @property
    def landmarks(self) -> Points:
        """(T, 74, 2)"""
        return np.frombuffer(self._landmarks, np.float32).reshape(-1, LANDMARKS, 2)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(T, 74)"""
        return np.frombuffer(self._confidence, np.float32).reshape(-1, LANDMARKS)

    @property
    def found(self) -> NDArray[np.bool_]:
        """(T,): found, and not revoked by a later frame."""
        return np.frombuffer(self._found, np.bool_)

    @property
    def cut(self) -> NDArray[np.bool_]:
        """(T,)"""
        return np.frombuffer(self._cut, np.bool_)

    @property
    def times_s(self) -> tuple[Fraction, ...]:
        """T times."""
        return tuple(self._times_s)


def _assemble(record: _Record, info: VideoInfo, options: FaceOptions, *, sha256: str) -> Trajectory:
    """Register and smooth the landmarks, correct blinks, fill lost frames."""
    found, cut, times_s = record.found, record.cut, record.times_s
    if not found.any():
        raise FaceError(
            f"no face was found in any of the {len(found)} frames of {info.path}",
            hint="use a driver that shows a face, or try another --detector",
        )
    confidence = record.confidence
    confidence[~found] = 0
    record.register()
    points = smooth(record.landmarks, confidence, found, cut, times_s, options.smooth)
    points = shut_lids(points, found, times_s)
    body = record.body()
    return Trajectory(
        landmarks=lost_frames.fill_lost_frames(points, found, cut, times_s, options.lost),
        body=lost_frames.fill_lost_frames(body, found, cut, times_s, options.lost),
        confidence=confidence,
        found=found,
        cut=cut,
        motion_weight=lost_frames.motion_weights(found, times_s, options.lost),
        times_s=times_s,
        rate=info.rate,
        width=info.width,
        height=info.height,
        driver=info.path.name,
        sha256=sha256,
        frames_declared=info.frames,
        frames_concealed=record.concealed,
    )


def _lost_in(frame: Frame, info: VideoInfo) -> FaceError:
    return FaceError(
        f"the face is lost in frame {frame.index} ({float(frame.time_s):.2f} s) of {info.path}",
        hint="use --lost hold, interpolate or rest to go on without it",
    )
