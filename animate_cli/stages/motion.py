"""Trajectory -> where the driver's points are in the source's face square, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from animate_cli.faces.retarget import driver_square
from animate_cli.options import Motion
from animate_cli.records import LANDMARKS, Matrix, Points, Trajectory


@dataclass(frozen=True, kw_only=True, eq=False)
class DriverMotion:
    """What a model that reads landmarks is given, made when it is asked for: beside the
    trajectory nothing grows with the driver's length.

    frame_to_face (2, 3): the one square through which the driver is seen;
    anchor (K, 2): the points that relative motion starts from; rest (K, 2): those that fading
    motion returns to. K is 74, in face pixels; where the trajectory knows the body, 26 more rows
    hold it, in eye distances.
    """

    trajectory: Trajectory
    frame_to_face: Matrix
    anchor: Points
    rest: Points

    def parts(self, count: int, *, device: torch.device, start: int = 0) -> Iterator[Tensor]:
        """The driver's points, `count` frames at a time: (<= count, K, 2)."""
        for at in range(start, len(self.trajectory), count):
            yield torch.from_numpy(self._part(slice(at, at + count))).to(device)

    def _part(self, frames: slice) -> Points:
        """Faded to rest where the trajectory's presence fades."""
        driver = _seen(self.trajectory, frames, self.frame_to_face)
        if self.trajectory.presence is None:
            return driver
        weight = self.trajectory.presence[frames, None, None]
        return (self.rest + weight * (driver - self.rest)).astype(np.float32)


def driver_motion(
    trajectory: Trajectory, anchor: int, source_face_px: Points, motion: Motion
) -> DriverMotion:
    """The driver through one fixed square.

    source_face_px (74, 2): the source's own points in face pixels; they give size and place. In
    relative motion the anchor's points are rest; in absolute motion the source's own are.
    """
    frame_to_face = driver_square(source_face_px, trajectory.landmarks[anchor])
    start = _seen(trajectory, slice(anchor, anchor + 1), frame_to_face)[0]
    own = np.concatenate((source_face_px, start[LANDMARKS:])).astype(np.float32)
    return DriverMotion(
        trajectory=trajectory,
        frame_to_face=frame_to_face,
        anchor=start,
        rest=start if motion is Motion.RELATIVE else own,
    )


def _seen(trajectory: Trajectory, frames: slice, frame_to_face: Matrix) -> Points:
    """A driver's points and body in some frames: (B, K, 2)."""
    points = in_face(trajectory.landmarks[frames], frame_to_face)
    if trajectory.body is None:
        return points
    return np.concatenate((points, trajectory.body[frames]), axis=1, dtype=np.float32)


def in_face(landmarks: Points, frame_to_face: Matrix) -> Points:
    """Points (..., 2) of frames in face pixels."""
    moved = landmarks @ frame_to_face[:, :2].T + frame_to_face[:, 2]
    return np.asarray(moved, np.float32)
