"""The driver's motion on the source's face.

    driver frame ─► square of the source's size (`driver_square`) ─► `retarget_landmarks`

    landmarks ─► lift ─┬─► pose ──────────────────────► pose ────────┬─► see ─► landmarks
                       └─► points in the head's frame ─► expression ─┘

Every face is lifted into the frame of its own head (`faces.shape3d.lift`). There pose and
expression part, and the source keeps its own head unless `identity` asks for the driver's:

    relative    X = X_s + A (X_d − X_a) + i (H_a − H_s)
    absolute    X = X_s + A (X_d − X_a + E_a − E_s) + i (H_a − H_s)        H = X − E

X: points in the head's frame; s, a, d: source, anchor, driver; E: what the fitted expression adds
to a face at rest; A: the amount of each point's part; i: identity. Lids, lips and pupils are then
set by opening and gaze (`faces.retargeting.eye_mouth_aperture`), the pose follows by itself
(`faces.retargeting.pose_transfer`), and the camera shows the result. Absolute motion with all
amounts and identity 1 is the driver's own points. Everything is computed in double precision: zero
motion gives the source's points back, and a frame does not depend on the others of its batch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from animate_cli.faces.aperture import face_radius
from animate_cli.faces.points import (
    INNER_LIPS,
    JAW,
    LEFT_EYE,
    LEFT_LIDS,
    OUTER_LIPS,
    PUPILS,
    RIGHT_EYE,
    RIGHT_LIDS,
    RIGID,
)
from animate_cli.faces.retargeting.eye_mouth_aperture import (
    apply_aperture_change,
    apply_apertures,
    apply_gaze,
    apply_gaze_change,
    keep_apart,
    keep_pupils,
)
from animate_cli.faces.retargeting.pose_transfer import (
    absolute_pose,
    power,
    relative_pose,
    relative_turn,
)
from animate_cli.faces.retargeting.visibility import (
    keep_contour,
    max_safe_change,
    max_safe_rotation,
)
from animate_cli.faces.shape3d.lift import LiftedFaces, identify, lift
from animate_cli.faces.shape3d.model import ShapeModel, load_shape_model, see
from animate_cli.options import Amounts, Motion, MotionOptions
from animate_cli.records import LANDMARKS, Matrix, Points

_RIGID = list(RIGID)
_LIDS = RIGHT_EYE + LEFT_EYE + RIGHT_LIDS + LEFT_LIDS
_LIPS = OUTER_LIPS + INNER_LIPS + JAW


def driver_square(source_face_px: Points, anchor_frame_px: Points) -> Matrix:
    """The similarity without rotation that gives the driver's face the source's size and place.

    Landmarks (74, 2) of the source in face pixels and of the anchor frame in driver pixels ->
    (2, 3), frame to face.
    """
    scale = float(face_radius(source_face_px)) / max(float(face_radius(anchor_frame_px)), 1e-6)
    middle = anchor_frame_px[_RIGID].astype(np.float64).mean(axis=0)
    target = source_face_px[_RIGID].astype(np.float64).mean(axis=0)
    return np.hstack((np.eye(2) * scale, (target - scale * middle)[:, None]))


def retarget_landmarks(
    source: Tensor, driver: Tensor, anchor: Tensor, options: MotionOptions
) -> Tensor:
    """Where the source's points go.

    source, anchor (1, 74, 2), driver (B, 74, 2), all in face pixels -> (B, 74, 2).
    """
    model = load_shape_model().to(driver.double())
    people = identify(model, torch.cat((source, anchor)))
    identity = torch.cat((people, people[1:].expand(len(driver), -1)))
    faces = lift(model, torch.cat((source, anchor, driver)), identity)
    move = _relative if options.motion is Motion.RELATIVE else _absolute
    points = move(model, faces[:1], faces[1:2], faces[2:], options)
    points = keep_apart(points, source.double(), options.motion)
    if options.motion is Motion.RELATIVE:
        points = keep_pupils(points, source.double())
    return points.to(source.dtype)


def _relative(
    model: ShapeModel,
    source: LiftedFaces,
    anchor: LiftedFaces,
    driver: LiftedFaces,
    options: MotionOptions,
) -> Tensor:
    """The change since the anchor."""
    amounts = options.amounts
    share = _amount_of_points(amounts, source.points)
    change = share * (driver.points - anchor.points)
    change[:, _RIGID] *= max_safe_change(source.points, change)
    points = source.points + change + options.identity * _other_head(model, source, anchor)
    fronts = (x[..., :2] for x in (points, source.points, anchor.points, anchor.points + change))
    front, *faces = fronts
    front = apply_gaze_change(apply_aperture_change(front, *faces), *faces)
    points = torch.cat((front, points[..., 2:]), dim=-1)
    pose = relative_pose(
        source.pose,
        anchor.pose,
        driver.pose,
        _bearable_turn(source, relative_turn(source.pose, anchor.pose, driver.pose), amounts.pose),
        amounts.pose,
    )
    shown = keep_contour(points, pose.rotation, source.points, source.pose.rotation)
    return see(model, pose, shown)


def _bearable_turn(source: LiftedFaces, turn: Tensor, amount: float) -> Tensor:
    """As much of the turn (B, 3, 3) as asked for, and as a picture can show."""
    facing = source.pose.rotation

    def turned(share: Tensor) -> Tensor:
        return power(turn, amount * share) @ facing

    return power(turn, amount * max_safe_rotation(source.points, facing, turned))


def _absolute(
    model: ShapeModel,
    source: LiftedFaces,
    anchor: LiftedFaces,
    driver: LiftedFaces,
    options: MotionOptions,
) -> Tensor:
    """The driver's own pose and expression."""
    amounts = options.amounts
    share = _amount_of_points(amounts, source.points)
    expression = _expression(model, anchor) - _expression(model, source)
    change = share * (driver.points - anchor.points + expression)
    points = source.points + change + options.identity * _other_head(model, source, anchor)
    front, still, moved = (x[..., :2] for x in (points, source.points, driver.points))
    front = apply_apertures(front, still, moved, amounts)
    front = apply_gaze(front, still, moved, amounts.gaze)
    points = torch.cat((front, points[..., 2:]), dim=-1)
    return see(model, absolute_pose(source.pose, driver.pose, amounts.pose), points)


def _other_head(model: ShapeModel, source: LiftedFaces, anchor: LiftedFaces) -> Tensor:
    """From the source's head at rest to the driver's: (1, 74, 3)."""
    heads = (face.points - _expression(model, face) for face in (source, anchor))
    own, other = heads
    return other - own


def _expression(model: ShapeModel, faces: LiftedFaces) -> Tensor:
    """What the fitted expression adds to a face at rest, nothing to the pupils: (B, 74, 3)."""
    added = torch.tensordot(faces.expression, model.expression, 1).double()
    return torch.nn.functional.pad(added, (0, 0, 0, len(PUPILS)))


def _amount_of_points(amounts: Amounts, points: Tensor) -> Tensor:
    """How much each point changes in the head's frame: (74, 1).

    Points that no expression moves do so as far as the shape model misjudges their depth, with the
    pose.
    """
    shares = points.new_full((LANDMARKS, 1), amounts.expression)
    shares[list(_LIDS)] = amounts.eyes
    shares[list(_LIPS)] = amounts.lips
    shares[list(PUPILS)] = amounts.gaze
    shares[_RIGID] = amounts.pose
    return shares
