"""Fit the shape model to landmarks: pose, identity, expression and gaze, by robust least squares.

    minimise  Σ_frames Σ_points  c · ρ(|x − x̂| / s) + σ² (|a|² + Σ_frames |e|²)

x, x̂: a landmark and the model's; c: the landmark's confidence; ρ: Cauchy's loss, whose scale s is a
multiple of the frame's median residual, so that outliers have little weight; a, e: coefficients of
identity and expression; σ: standard deviation of a landmark's error. Gauss-Newton iterations solve
all frames of one person together: the unknowns of a single frame (pose, expression) are eliminated
from the normal equations (Schur complement), which leaves M unknowns for the identity, at a cost
linear in the number of frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from animate_cli.faces.points import PUPILS
from animate_cli.faces.shape3d.model import LINEAR, HeadPose, ShapeModel, eyeballs, see

ROUNDS = 5  # Gauss-Newton iterations
START_ROUNDS = 4  # of reweighted least squares, for the first pose
SCALE_IN_MEDIANS = 2.5  # scale of Cauchy's loss / median residual
LEAST_SCALE = 2.0  # of Cauchy's loss, in σ, at least
POSE = 6  # unknowns: rotation about x, y, z, log scale, shift x, y
POSE_DAMPING = 1e-6  # added to the pose's diagonal, so that frames without confidence are solvable
LEAST_CONFIDENCE = 1e-3  # of a landmark in the fit
BLOCK = 256  # frames that are solved at a time, which bounds the memory
IDENTITY_FRAMES = 64  # from which the identity is fitted; more do not improve it


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedFaces:
    """The fit of one person in T frames.

    pose: of each frame; identity (M,); expression (T, K); gaze_deg (T, 2, 2): right and left eye,
    yaw and pitch in degrees; residual (T,): median distance between landmarks and the model's, in
    units of the shape model.
    """

    pose: HeadPose
    identity: Tensor
    expression: Tensor
    gaze_deg: Tensor
    residual: Tensor


def fit(model: ShapeModel, points: Tensor, confidence: Tensor) -> FittedFaces:
    """Fit one person: points (T, 74, 2) in pixels, confidence (T, 74) in [0, 1].

    The identity is fitted to up to `IDENTITY_FRAMES` frames, evenly spread.
    """
    some = spread(len(points), IDENTITY_FRAMES)
    seen = points[None, some, :LINEAR], confidence[None, some, :LINEAR]
    identity = solve(model, *seen).identity[0]
    return fit_frames(model, points, confidence, identity)


def fit_frames(
    model: ShapeModel, points: Tensor, confidence: Tensor, identity: Tensor
) -> FittedFaces:
    """Fit a person of known identity (M,). Frames do not influence each other."""
    blocks = []
    for start in range(0, len(points), BLOCK):
        block = slice(start, start + BLOCK)
        blocks.append(_fit_block(model, points[block], confidence[block], identity))
    return FittedFaces(
        pose=HeadPose(
            rotation=torch.cat([p.pose.rotation for p in blocks]),
            scale=torch.cat([p.pose.scale for p in blocks]),
            shift=torch.cat([p.pose.shift for p in blocks]),
        ),
        identity=identity,
        expression=torch.cat([p.expression for p in blocks]),
        gaze_deg=torch.cat([p.gaze_deg for p in blocks]),
        residual=torch.cat([p.residual for p in blocks]),
    )


def gaze(model: ShapeModel, pose: HeadPose, shape: Tensor, pupil_px: Tensor) -> Tensor:
    """Gaze relative to the head, from the pupils' places in the picture.

    shape (..., 72, 3) in the head's frame, pupil_px (..., 2 eyes, 2) -> yaw and pitch (..., 2, 2),
    in degrees. A pupil beyond the rim of its eyeball counts as on the rim.
    """
    centre, radius = eyeballs(model, shape)
    centre = centre @ pose.rotation.mT  # camera axes
    front = centre[..., 2] + radius
    for _ in range(2):  # depth and magnification of the pupil depend on each other
        nearness = 1 / (1 - front / model.config.distance)
        seen = (pupil_px - pose.shift[..., None, :]) / pose.scale[..., None, None]
        across = (seen / nearness[..., None] - centre[..., :2]) / radius[..., None]
        across = across / across.norm(dim=-1, keepdim=True).clamp_min(1)
        towards = (1 - across.square().sum(dim=-1)).clamp_min(0).sqrt()
        front = centre[..., 2] + radius * towards
    ahead = torch.cat((across, towards[..., None]), dim=-1) @ pose.rotation  # head axes
    yaw = torch.atan2(ahead[..., 0], ahead[..., 2])
    pitch = torch.asin(ahead[..., 1].clamp(-1, 1))
    return torch.rad2deg(torch.stack((yaw, pitch), dim=-1))


def spread(count: int, most: int) -> list[int]:
    """Up to `most` of 0 .. count - 1, evenly spread."""
    return sorted(
        {round(i * (count - 1) / max(most - 1, 1)) for i in range(most)} & {*range(count)}
    )


class Solution(NamedTuple):
    """The fit of P people in T frames each.

    pose (P, T, ...), identity (P, M), expression (P, T, K), residual (P, T).
    """

    pose: HeadPose
    identity: Tensor
    expression: Tensor
    residual: Tensor


@torch.no_grad()
def solve(
    model: ShapeModel, points: Tensor, confidence: Tensor, *, rounds: int = ROUNDS
) -> Solution:
    """Fit P people, each with one identity: points (P, T, 72, 2) px, confidence (P, T, 72)."""
    start = _start(model, points, confidence)
    unit = start.scale.clone()  # residuals are measured in each frame's first scale
    people, frames = points.shape[:2]
    identity = points.new_zeros(people, len(model.identity))
    expression = points.new_zeros(people, frames, len(model.expression))
    state = Solution(start, identity, expression, torch.full_like(unit, torch.inf))
    for _ in range(rounds):
        state = _step(model, state, points, confidence, unit)
    error, _, _ = _residual(model, state, points, unit)
    return state._replace(residual=error.norm(dim=-1).median(dim=-1).values)


def _fit_block(
    model: ShapeModel, points: Tensor, confidence: Tensor, identity: Tensor
) -> FittedFaces:
    person = replace(
        model,
        mean=model.shape(identity, torch.zeros_like(model.expression[:, 0, 0])),
        identity=model.identity[:0],
    )
    found = solve(person, points[None, :, :LINEAR], confidence[None, :, :LINEAR])
    pose = HeadPose(
        rotation=found.pose.rotation[0], scale=found.pose.scale[0], shift=found.pose.shift[0]
    )
    expression = found.expression[0]
    shape = person.shape(found.identity[0], expression)
    return FittedFaces(
        pose=pose,
        identity=identity,
        expression=expression,
        gaze_deg=gaze(model, pose, shape, points[:, list(PUPILS)]),
        residual=found.residual[0],
    )


def _start(model: ShapeModel, points: Tensor, confidence: Tensor) -> HeadPose:
    """A first pose: the scaled rotation nearest to a robust affine camera of the mean face."""
    mean = torch.cat((model.mean, torch.ones_like(model.mean[..., :1])), dim=-1)  # (..., 72, 4)
    weight = confidence.clamp_min(LEAST_CONFIDENCE)
    camera = points.new_zeros(*points.shape[:2], 4, 2)
    for _ in range(START_ROUNDS):
        weighted = weight[..., None] * mean  # (P, T, 72, 4)
        camera = torch.linalg.solve(weighted.mT @ mean, weighted.mT @ points)
        error = (points - mean @ camera).norm(dim=-1)
        weight = confidence.clamp_min(LEAST_CONFIDENCE) * _cauchy_weights(
            error, error.new_zeros(())
        )
    u, scales, v = torch.linalg.svd(camera[..., :3, :].mT, full_matrices=False)
    x, y = (u @ v).unbind(-2)
    turn = torch.stack((x, y, torch.linalg.cross(x, y)), dim=-2)
    return HeadPose(rotation=turn, scale=scales.mean(dim=-1), shift=camera[..., 3, :])


def _step(
    model: ShapeModel, state: Solution, points: Tensor, confidence: Tensor, unit: Tensor
) -> Solution:
    """One Gauss-Newton step, with Cauchy weights from the residuals of `state`.

    Normal equations: A x + C y = u for the unknowns x of each frame, Σ (Cᵀ x + B y) = Σ v for the
    identity y, sums over frames. Eliminating x = A⁻¹ (u − C y) gives the Schur complement
    Σ (B − Cᵀ A⁻¹ C) y = Σ (v − Cᵀ A⁻¹ u).
    """
    error, shape, turned = _residual(model, state, points, unit)
    prior = model.config.noise**2
    weight = confidence.clamp_min(LEAST_CONFIDENCE) * _cauchy_weights(
        error.norm(dim=-1), error.new_tensor(LEAST_SCALE * model.config.noise)
    )
    own, shared = _jacobians(model, state, shape, turned, unit)
    root = weight.repeat_interleave(2, dim=-1).sqrt()[..., None]  # (P, T, 144, 1)
    own, shared, left = own * root, shared * root, error.flatten(-2)[..., None] * root
    count = own.shape[-1] - POSE
    damping = torch.cat((own.new_full((POSE,), POSE_DAMPING), own.new_full((count,), prior)))
    a, c = own.mT @ own + torch.diag(damping), own.mT @ shared
    u = own.mT @ left
    u[..., POSE:, 0] -= prior * state.expression
    solved = torch.linalg.solve(a, torch.cat((c, u), dim=-1))
    a_c, a_u = solved[..., :-1], solved[..., -1:]  # A⁻¹ C, A⁻¹ u
    schur = (shared.mT @ shared - c.mT @ a_c).sum(dim=1)
    reduced = (shared.mT @ left - c.mT @ a_u).sum(dim=1)
    schur = schur + prior * torch.eye(schur.shape[-1], dtype=schur.dtype, device=schur.device)
    y = torch.linalg.solve(schur, reduced - prior * state.identity[..., None])
    x = (a_u - a_c @ y[:, None])[..., 0]
    return Solution(
        pose=_updated(state.pose, x[..., :POSE], unit),
        identity=state.identity + y[..., 0],
        expression=state.expression + x[..., POSE:],
        residual=state.residual,
    )


def _residual(
    model: ShapeModel, state: Solution, points: Tensor, unit: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Residuals (P, T, 72, 2) in units, the shape (P, T, 72, 3), and the shape in camera axes."""
    shape = model.shape(state.identity[:, None], state.expression)
    error = (points - see(model, state.pose, shape)) / unit[..., None, None]
    return error, shape, shape @ state.pose.rotation.mT


def _jacobians(
    model: ShapeModel, state: Solution, shape: Tensor, turned: Tensor, unit: Tensor
) -> tuple[Tensor, Tensor]:
    """Jacobians of the projection: by pose and expression (P, T, 144, 6 + K), identity (..., M)."""
    pose, distance = state.pose, model.config.distance
    nearness = 1 / (1 - turned[..., 2:] / distance)  # (P, T, 72, 1)
    flat, size = turned[..., :2], (pose.scale / unit)[..., None, None]
    seen = size * nearness * flat
    # a displacement D of a turned point moves its image by size · (n D_xy + n² p_xy D_z / d)
    by_depth = size * nearness**2 * flat / distance

    def image(directions: Tensor) -> Tensor:  # (P, T, N, 72, 3) -> (P, T, 144, N)
        shown = (size * nearness)[..., None, :, :] * directions[..., :2]
        shown = shown + by_depth[..., None, :, :] * directions[..., 2:]
        return shown.flatten(-2).mT

    turns = _cross_matrix(turned).transpose(-3, -2)  # axis by axis
    ones = torch.eye(2, dtype=shape.dtype, device=shape.device).repeat(LINEAR, 1)
    rotation = pose.rotation[..., None, :, :].mT
    own = (
        image(turns),
        seen.flatten(-2)[..., None],
        ones.expand(*seen.shape[:2], -1, -1),
        image(model.expression @ rotation),
    )
    return torch.cat(own, dim=-1), image(model.identity @ rotation)


def _updated(pose: HeadPose, step: Tensor, unit: Tensor) -> HeadPose:
    turn = torch.linalg.matrix_exp(_cross_matrix(step[..., :3]))
    return HeadPose(
        rotation=turn @ pose.rotation,
        scale=pose.scale * step[..., 3].clamp(-0.5, 0.5).exp(),
        shift=pose.shift + step[..., 4:] * unit[..., None],
    )


def _cross_matrix(v: Tensor) -> Tensor:
    """The matrix of the cross product v ×: (..., 3) -> (..., 3, 3)."""
    x, y, z = v.unbind(-1)
    o = torch.zeros_like(x)
    return torch.stack((o, -z, y, z, o, -x, -y, x, o), dim=-1).reshape(*v.shape, 3)


def _cauchy_weights(error: Tensor, least: Tensor) -> Tensor:
    """Weights of residuals (..., N) by Cauchy's loss; `least`: of its scale."""
    scale = (SCALE_IN_MEDIANS * error.median(dim=-1, keepdim=True).values).maximum(least)
    return 1 / (1 + (error / scale.clamp_min(1e-9)).square())
