"""Converts the driver's points to pixels of the source's face square, in batches of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.faces.retargeting.retarget import driver_square
from animate_cli.options import Motion
from animate_cli.records import BODY, Matrix, Points, Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
class DriverMotion:
    """The driver's motion for a model that needs landmarks.

    Points are computed when they are needed: apart from the trajectory, memory does not grow with
    the driver's length.

    frame_to_face (2, 3): maps driver pixels to face pixels, the same in every frame;
    anchor (K, 2): the points from which relative motion is measured; rest (K, 2): the points that
    fading motion returns to. K is 74, in face pixels, or 100 if the trajectory has body motion:
    the 26 more rows are its motion since the anchor or, in other shots, since their first frame.
    shot: the frames of the anchor's shot; body (26, 2): body motion at the anchor.
    """

    trajectory: Trajectory
    frame_to_face: Matrix
    anchor: Points
    rest: Points
    shot: range
    body: NDArray[np.float16] | None

    def parts(self, count: int, *, device: torch.device, start: int = 0) -> Iterator[Tensor]:
        """The driver's points, `count` frames at a time: (<= count, K, 2)."""
        for at in range(start, len(self.trajectory), count):
            yield torch.from_numpy(self._part(slice(at, at + count))).to(device)

    def _part(self, frames: slice) -> Points:
        """The points of some frames, blended with the rest points by the motion weight."""
        driver = self._in_square(frames)
        if self.trajectory.motion_weight is None:
            return driver
        weight = self.trajectory.motion_weight[frames, None, None]
        return (self.rest + weight * (driver - self.rest)).astype(np.float32)

    def _in_square(self, frames: slice) -> Points:
        """The points (B, K, 2) of some frames, not blended."""
        points = in_face(self.trajectory.landmarks[frames], self.frame_to_face)
        if self.trajectory.body is None or self.body is None:
            return points
        body = self.trajectory.body[frames].astype(np.float32)
        numbers = range(*frames.indices(len(self.trajectory)))
        since = np.array([number in self.shot for number in numbers])
        body[since] -= self.body
        return np.concatenate((points, body), axis=1)


def driver_motion(
    trajectory: Trajectory, anchor: int, source_face_px: Points, motion: Motion
) -> DriverMotion:
    """Make the driver's landmark motion.

    source_face_px (74, 2): the source's own points in face pixels; the driver's square is fitted to
    them. The rest points are the anchor's in relative motion, the source's in absolute motion.
    """
    points, body = trajectory.landmarks[anchor], trajectory.body
    frame_to_face = driver_square(source_face_px, points)
    still = np.zeros((0 if body is None else BODY, 2), np.float32)
    start = np.concatenate((in_face(points, frame_to_face), still))
    own = np.concatenate((source_face_px, still)).astype(np.float32)
    return DriverMotion(
        trajectory=trajectory,
        frame_to_face=frame_to_face,
        anchor=start,
        rest=start if motion is Motion.RELATIVE else own,
        shot=_shot(trajectory.cut, anchor),
        body=None if body is None else body[anchor],
    )


def _shot(cut: NDArray[np.bool_], frame: int) -> range:
    """The frames of the shot that contains `frame`."""
    before, after = np.flatnonzero(cut[: frame + 1]), np.flatnonzero(cut[frame + 1 :])
    first = int(before[-1]) if len(before) else 0
    return range(first, frame + 1 + int(after[0]) if len(after) else len(cut))


def in_face(landmarks: Points, frame_to_face: Matrix) -> Points:
    """Points (..., 2) in frame pixels -> face pixels."""
    moved = landmarks @ frame_to_face[:, :2].T + frame_to_face[:, 2]
    return np.asarray(moved, np.float32)
