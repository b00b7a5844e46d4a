"""Trajectory -> where the driver's points are in the source's face square, frame by frame."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from animate_cli.faces.retarget import driver_square
from animate_cli.options import Motion, MotionOptions
from animate_cli.records import Points, Trajectory


def driver_in_face(trajectory: Trajectory, anchor: int, source_face_px: Points) -> Points:
    """The driver's points through one fixed square: (T, 74, 2) in face pixels.

    source_face_px (74, 2): the source's own points in face pixels; they give size and place.
    """
    frame_to_face = driver_square(source_face_px, trajectory.landmarks[anchor])
    moved = trajectory.landmarks @ frame_to_face[:, :2].T + frame_to_face[:, 2]
    return moved.astype(np.float32)


def at_rest(
    driver: Points, anchor: int, source_face_px: Points, trajectory: Trajectory, motion: Motion
) -> Points:
    """Fade to the photo's own pose where the trajectory's presence fades: (T, 74, 2).

    In relative motion the anchor's points are rest; in absolute motion the source's own are.
    """
    if trajectory.presence is None:
        return driver
    rest = driver[anchor] if motion is Motion.RELATIVE else source_face_px
    weight = trajectory.presence[:, None, None]
    return (rest + weight * (driver - rest)).astype(np.float32)


def driver_motion(
    trajectory: Trajectory,
    anchor: int,
    source_face_px: Points,
    options: MotionOptions,
    *,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """What a model that reads landmarks is given: (T, 74, 2) of all frames, (1, 74, 2) of the
    anchor, in face pixels."""
    driver = driver_in_face(trajectory, anchor, source_face_px)
    faded = at_rest(driver, anchor, source_face_px, trajectory, options.motion)
    return (
        torch.from_numpy(faded).to(device),
        torch.from_numpy(driver[anchor][None]).to(device),
    )
