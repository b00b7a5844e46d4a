"""Where a clip starts, for protocols that do not start at its first frame.

    random    any frame with a face, by the seed and the clip's name alone
    frontal   a frame whose yaw, pitch and roll are all small, by our own shape model: a source's
              first one; a driver's first one that stands as its source does

Zhao et al. 2021 select frontal frames by another detector's 3-D landmarks; which of them is ours
to choose, the paper does not say.
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

Follow = Callable[[Path], Trajectory]


@dataclass(frozen=True, kw_only=True)
class StartFrame:
    """A frame to start at, and how the head stands there: yaw, pitch, roll, zeros where nobody
    asked."""

    frame: int
    angles_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


def find_start_frames(
    paths: Sequence[Path], protocol: Protocol, follow: Follow, shape: ShapeModel
) -> dict[Path, tuple[StartFrame, ...]]:
    """Of every clip that has some, earliest first; clips that cannot be read or show no face have
    none."""
    found: dict[Path, tuple[StartFrame, ...]] = {}
    for path in paths:
        try:
            trajectory = follow(path)
        except (FaceError, MediaError):
            continue
        openings = (
            frontal_frames(trajectory, shape, protocol.frontal_deg)
            if protocol.start is Start.FRONTAL
            else random_frame(trajectory, path.stem, protocol)
        )
        if openings:
            found[path] = openings
    return found


def random_frame(trajectory: Trajectory, name: str, protocol: Protocol) -> tuple[StartFrame, ...]:
    """One of those with a face, up to the cap; of none, none."""
    seen = np.flatnonzero(trajectory.found[: protocol.cap or None])
    rng = np.random.default_rng((protocol.seed, crc32(name.encode())))
    return (StartFrame(frame=int(rng.choice(seen))),) if len(seen) else ()


def frontal_frames(
    trajectory: Trajectory, shape: ShapeModel, within_deg: float
) -> tuple[StartFrame, ...]:
    """Those that are followed by another one."""
    seen = np.flatnonzero(trajectory.found[:-1])
    if not len(seen):
        return ()
    angles = fitted_angles(shape, trajectory.landmarks[seen])
    frontal = np.flatnonzero((np.abs(angles) < within_deg).all(axis=1))
    standing = ((int(seen[k]), (float(a) for a in angles[k])) for k in frontal)
    return tuple(
        StartFrame(frame=frame, angles_deg=(yaw, pitch, roll))
        for frame, (yaw, pitch, roll) in standing
    )
