"""Retarget the driver's motion to the source's landmarks.

    driver frame ─► square of the source's size (`driver_square`) ─► `retarget_landmarks`

    landmarks ─► lift ─┬─► pose ──────────────────────► pose ────────┬─► see ─► landmarks
                       └─► points in the head's frame ─► expression ─┘

Each face is lifted to three dimensions in the frame of its own head (`faces.shape3d.lift`), which
separates pose from expression. The source keeps the shape of its head unless `identity` asks for
the driver's:

    relative    X = X_s + A (X_d − X_a) + i (H_a − H_s)
    absolute    X = X_s + A (X_d − X_a + E_a − E_s) + i (H_a − H_s)        H = X − E

X: points in the head's frame; s, a, d: source, anchor, driver; E: offset of the fitted expression
from a neutral face; A: amount of motion per facial part; i: identity. Then lids, lips and pupils
are set by aperture and gaze (`faces.retargeting.eye_mouth_aperture`), the pose is transferred
(`faces.retargeting.pose_transfer`), and the camera projects the result. Absolute motion with all
amounts and identity 1 gives the driver's own points. All is computed in double precision: zero
motion gives the source's points, and a frame does not depend on the others of its batch.
"""

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
    keep_gaps,
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
    """The matrix (2, 3), driver pixels to face pixels, that scales and shifts the driver's face.

    It gives the anchor frame's face, landmarks (74, 2) in driver pixels, the size and place of the
    source's, landmarks (74, 2) in face pixels.
    """
    scale = float(face_radius(source_face_px)) / max(float(face_radius(anchor_frame_px)), 1e-6)
    middle = anchor_frame_px[_RIGID].astype(np.float64).mean(axis=0)
    target = source_face_px[_RIGID].astype(np.float64).mean(axis=0)
    return np.hstack((np.eye(2) * scale, (target - scale * middle)[:, None]))


def retarget_landmarks(
    source: Tensor, driver: Tensor, anchor: Tensor, options: MotionOptions
) -> Tensor:
    """The source's landmarks with the driver's motion: (B, 74, 2) in face pixels.

    source, anchor (1, 74, 2), driver (B, 74, 2): all in face pixels, see `driver_square`.
    """
    model = load_shape_model().to(driver.double())
    identities = identify(model, torch.cat((source, anchor)))
    identity = torch.cat((identities, identities[1:].expand(len(driver), -1)))
    faces = lift(model, torch.cat((source, anchor, driver)), identity)
    transfer = _relative if options.motion is Motion.RELATIVE else _absolute
    points = transfer(model, faces[:1], faces[1:2], faces[2:], options)
    points = keep_gaps(points, source.double(), options.motion)
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
    """The source with the driver's change since the anchor: (B, 74, 2), pixels."""
    amounts = options.amounts
    share = _amount_of_points(amounts, source.points)
    change = share * (driver.points - anchor.points)
    change[:, _RIGID] *= max_safe_change(source.points, change)
    points = source.points + change + options.identity * _identity_difference(model, source, anchor)
    fronts = (x[..., :2] for x in (points, source.points, anchor.points, anchor.points + change))
    front, *faces = fronts
    front = apply_gaze_change(apply_aperture_change(front, *faces), *faces)
    points = torch.cat((front, points[..., 2:]), dim=-1)
    pose = relative_pose(
        source.pose,
        anchor.pose,
        driver.pose,
        _safe_rotation(source, relative_turn(source.pose, anchor.pose, driver.pose), amounts.pose),
        amounts.pose,
    )
    visible = keep_contour(points, pose.rotation, source.points, source.pose.rotation)
    return see(model, pose, visible)


def _safe_rotation(source: LiftedFaces, turn: Tensor, amount: float) -> Tensor:
    """The rotation (B, 3, 3) to the power of the amount, limited by `max_safe_rotation`."""
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
    """The source with the driver's own pose and expression: (B, 74, 2), pixels."""
    amounts = options.amounts
    share = _amount_of_points(amounts, source.points)
    expression = _expression(model, anchor) - _expression(model, source)
    change = share * (driver.points - anchor.points + expression)
    points = source.points + change + options.identity * _identity_difference(model, source, anchor)
    front, still, moved = (x[..., :2] for x in (points, source.points, driver.points))
    front = apply_apertures(front, still, moved, amounts)
    front = apply_gaze(front, still, moved, amounts.gaze)
    points = torch.cat((front, points[..., 2:]), dim=-1)
    return see(model, absolute_pose(source.pose, driver.pose, amounts.pose), points)


def _identity_difference(model: ShapeModel, source: LiftedFaces, anchor: LiftedFaces) -> Tensor:
    """H_a − H_s: neutral points of the driver minus those of the source, (1, 74, 3)."""
    neutral = (face.points - _expression(model, face) for face in (source, anchor))
    own, other = neutral
    return other - own


def _expression(model: ShapeModel, faces: LiftedFaces) -> Tensor:
    """Offset of the fitted expression from the neutral face: (B, 74, 3), 0 for the pupils."""
    added = torch.tensordot(faces.expression, model.expression, 1).double()
    return torch.nn.functional.pad(added, (0, 0, 0, len(PUPILS)))


def _amount_of_points(amounts: Amounts, points: Tensor) -> Tensor:
    """A of the module's docstring: the amount of motion of each point, (74, 1).

    Rigid points take the amount of the pose: they move in the head's frame only by the shape
    model's error in depth, which depends on the pose.
    """
    shares = points.new_full((LANDMARKS, 1), amounts.expression)
    shares[list(_LIDS)] = amounts.eyes
    shares[list(_LIPS)] = amounts.lips
    shares[list(PUPILS)] = amounts.gaze
    shares[_RIGID] = amounts.pose
    return shares
