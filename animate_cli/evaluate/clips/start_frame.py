"""Start frames, for protocols that do not start at a clip's first frame.

    random    any frame with a face, chosen by the seed and the clip's name
    frontal   a frame whose yaw, pitch and roll are all small, by our own shape model: the first one
              of a source; the first one of a driver whose head pose is like the source's

Zhao et al. 2021 select frontal frames by 3-D landmarks of another detector, and do not say which
of these frames they start at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from animate_cli.errors import FaceError, MediaError
from animate_cli.evaluate.metrics.networks.head_pose import fitted_angles
from animate_cli.evaluate.protocol import Protocol, Start
from animate_cli.faces.shape3d.model import ShapeModel
from animate_cli.records import Trajectory

TrackClip = Callable[[Path], Trajectory]


@dataclass(frozen=True, kw_only=True)
class StartFrame:
    """A frame to start at, and its head pose: yaw, pitch, roll in degrees, zeros where the protocol
    does not need it."""

    frame: int
    angles_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


def find_start_frames(
    paths: Sequence[Path], protocol: Protocol, track_clip: TrackClip, shape: ShapeModel
) -> dict[Path, tuple[StartFrame, ...]]:
    """Start frames by clip, earliest first. Clips without any are left out: those that cannot be
    read or show no face."""
    found: dict[Path, tuple[StartFrame, ...]] = {}
    for path in paths:
        try:
            trajectory = track_clip(path)
        except (FaceError, MediaError):
            continue
        start_frames = (
            frontal_frames(trajectory, shape, protocol.frontal_deg)
            if protocol.start is Start.FRONTAL
            else random_frame(trajectory, path.stem, protocol)
        )
        if start_frames:
            found[path] = start_frames
    return found


def random_frame(trajectory: Trajectory, name: str, protocol: Protocol) -> tuple[StartFrame, ...]:
    """One frame with a face before the protocol's cap; empty where there is none."""
    with_face = np.flatnonzero(trajectory.found[: protocol.cap or None])
    rng = np.random.default_rng((protocol.seed, crc32(name.encode())))
    return (StartFrame(frame=int(rng.choice(with_face))),) if len(with_face) else ()


def frontal_frames(
    trajectory: Trajectory, shape: ShapeModel, within_deg: float
) -> tuple[StartFrame, ...]:
    """All frames whose angles are below `within_deg`, except the clip's last frame, which no frame
    follows."""
    with_face = np.flatnonzero(trajectory.found[:-1])
    if not len(with_face):
        return ()
    angles = fitted_angles(shape, trajectory.landmarks[with_face])
    frontal = np.flatnonzero((np.abs(angles) < within_deg).all(axis=1))
    poses = ((int(with_face[k]), (float(a) for a in angles[k])) for k in frontal)
    return tuple(
        StartFrame(frame=frame, angles_deg=(yaw, pitch, roll))
        for frame, (yaw, pitch, roll) in poses
    )
