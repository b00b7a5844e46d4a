"""Landmarks -> pose, identity, expression and gaze, by robust least squares.

    minimise  Σ_frames Σ_points  c · ρ(|x − x̂| / s) + σ² (|a|² + Σ_frames |e|²)

c: the landmarks' confidence; ρ: Cauchy's, whose scale follows each frame's median residual, so
that wrong points lose their say; σ: the noise of a landmark. Gauss-Newton on all frames of one
person at once: what frames do not share (pose, expression) is eliminated from the normal equations
(Schur complement), which leaves M unknowns for the identity, at a cost linear in the frames.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from animate_cli.faces.points import PUPILS
from animate_cli.faces.shape3d.model import LINEAR, HeadPose, ShapeModel, eyeballs, see

ROUNDS = 5
START_ROUNDS = 4
MEDIANS = 2.5  # Cauchy's scale, in median residuals
LEAST_SCALE = 2.0  # ... but at least this, in the noise of a landmark
POSE = 6  # unknowns: turn about x, y, z, log scale, shift x, y
STEADY = 1e-6  # added to the diagonal of the pose: a frame without confidence stays solvable
LEAST_SURE = 1e-3  # no point is ignored altogether
MOST_FRAMES = 256  # solved together: bounds the memory
MOST_FOR_IDENTITY = 64  # frames that tell who it is; a longer clip adds nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedFaces:
    """One person in T frames.

    pose: of each frame; identity (M,); expression (T, K); gaze_deg (T, 2, 2): right and left eye,
    yaw and pitch; residual (T,): median distance of a point from the model, in units.
    """

    pose: HeadPose
    identity: Tensor
    expression: Tensor
    gaze_deg: Tensor
    residual: Tensor


def fit(model: ShapeModel, points: Tensor, confidence: Tensor) -> FittedFaces:
    """Everything about one person: points (T, 74, 2) in pixels, confidence (T, 74) in [0, 1].

    The identity is that of up to `MOST_FOR_IDENTITY` frames, evenly spread.
    """
    some = spread(len(points), MOST_FOR_IDENTITY)
    seen = points[None, some, :LINEAR], confidence[None, some, :LINEAR]
    identity = solve(model, *seen).identity[0]
    return fit_frames(model, points, confidence, identity)


def fit_frames(
    model: ShapeModel, points: Tensor, confidence: Tensor, identity: Tensor
) -> FittedFaces:
    """The same for a known person (M,): every frame by itself, whatever else is in the batch."""
    parts = []
    for start in range(0, len(points), MOST_FRAMES):
        part = slice(start, start + MOST_FRAMES)
        parts.append(_fit_part(model, points[part], confidence[part], identity))
    return FittedFaces(
        pose=HeadPose(
            rotation=torch.cat([p.pose.rotation for p in parts]),
            scale=torch.cat([p.pose.scale for p in parts]),
            shift=torch.cat([p.pose.shift for p in parts]),
        ),
        identity=identity,
        expression=torch.cat([p.expression for p in parts]),
        gaze_deg=torch.cat([p.gaze_deg for p in parts]),
        residual=torch.cat([p.residual for p in parts]),
    )


def gaze(model: ShapeModel, pose: HeadPose, shape: Tensor, pupil_px: Tensor) -> Tensor:
    """Where the eyes look within the head.

    shape (..., 72, 3), pupil_px (..., 2, 2) -> (..., 2, 2) degrees; a pupil beyond the rim of its
    eyeball is read as on the rim.
    """
    centre, radius = eyeballs(model, shape)
    centre = centre @ pose.rotation.mT  # camera axes
    front = centre[..., 2] + radius
    for _ in range(2):  # the pupil's depth decides its magnification, and the other way round
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
    """P people in T frames each: pose (P, T, ...), identity (P, M), expression (P, T, K)."""

    pose: HeadPose
    identity: Tensor
    expression: Tensor
    residual: Tensor


@torch.no_grad()
def solve(
    model: ShapeModel, points: Tensor, confidence: Tensor, *, rounds: int = ROUNDS
) -> Solution:
    """Points (P, T, 72, 2), confidence (P, T, 72): identity is one per person."""
    start = _start(model, points, confidence)
    unit = start.scale.clone()  # of each frame: residuals are measured in it
    people, frames = points.shape[:2]
    identity = points.new_zeros(people, len(model.identity))
    expression = points.new_zeros(people, frames, len(model.expression))
    state = Solution(start, identity, expression, torch.full_like(unit, torch.inf))
    for _ in range(rounds):
        state = _step(model, state, points, confidence, unit)
    error, _, _ = _residual(model, state, points, unit)
    return state._replace(residual=error.norm(dim=-1).median(dim=-1).values)


def _fit_part(
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
    """The pose of the mean face: the scaled rotation nearest to a robust affine camera."""
    mean = torch.cat((model.mean, torch.ones_like(model.mean[..., :1])), dim=-1)  # (..., 72, 4)
    weight = confidence.clamp_min(LEAST_SURE)
    camera = points.new_zeros(*points.shape[:2], 4, 2)
    for _ in range(START_ROUNDS):
        weighted = weight[..., None] * mean  # (P, T, 72, 4)
        camera = torch.linalg.solve(weighted.mT @ mean, weighted.mT @ points)
        apart = (points - mean @ camera).norm(dim=-1)
        weight = confidence.clamp_min(LEAST_SURE) * _say(apart, apart.new_zeros(()))
    u, scales, v = torch.linalg.svd(camera[..., :3, :].mT, full_matrices=False)
    x, y = (u @ v).unbind(-2)
    turn = torch.stack((x, y, torch.linalg.cross(x, y)), dim=-2)
    return HeadPose(rotation=turn, scale=scales.mean(dim=-1), shift=camera[..., 3, :])


def _step(
    model: ShapeModel, state: Solution, points: Tensor, confidence: Tensor, unit: Tensor
) -> Solution:
    """One Gauss-Newton step with weights by the residuals it starts from."""
    error, shape, turned = _residual(model, state, points, unit)
    prior = model.config.noise**2
    weight = confidence.clamp_min(LEAST_SURE) * _say(
        error.norm(dim=-1), error.new_tensor(LEAST_SCALE * model.config.noise)
    )
    own, shared = _slopes(model, state, shape, turned, unit)
    rooted = weight.repeat_interleave(2, dim=-1).sqrt()[..., None]  # (P, T, 144, 1)
    own, shared, left = own * rooted, shared * rooted, error.flatten(-2)[..., None] * rooted
    count = own.shape[-1] - POSE
    steady = torch.cat((own.new_full((POSE,), STEADY), own.new_full((count,), prior)))
    normal = own.mT @ own + torch.diag(steady)
    pull = own.mT @ left
    pull[..., POSE:, 0] -= prior * state.expression
    across = own.mT @ shared
    solved = torch.linalg.solve(normal, torch.cat((across, pull), dim=-1))
    by_identity, alone = solved[..., :-1], solved[..., -1:]
    person = (shared.mT @ shared - across.mT @ by_identity).sum(dim=1)
    wish = (shared.mT @ left - across.mT @ alone).sum(dim=1)
    person = person + prior * torch.eye(person.shape[-1], dtype=person.dtype, device=person.device)
    change = torch.linalg.solve(person, wish - prior * state.identity[..., None])
    move = (alone - by_identity @ change[:, None])[..., 0]
    return Solution(
        pose=_moved(state.pose, move[..., :POSE], unit),
        identity=state.identity + change[..., 0],
        expression=state.expression + move[..., POSE:],
        residual=state.residual,
    )


def _residual(
    model: ShapeModel, state: Solution, points: Tensor, unit: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What is left to explain (P, T, 72, 2) in units, the shape and the turned shape."""
    shape = model.shape(state.identity[:, None], state.expression)
    error = (points - see(model, state.pose, shape)) / unit[..., None, None]
    return error, shape, shape @ state.pose.rotation.mT


def _slopes(
    model: ShapeModel, state: Solution, shape: Tensor, turned: Tensor, unit: Tensor
) -> tuple[Tensor, Tensor]:
    """d seen / d (pose, expression): (P, T, 144, 6 + K), and / d identity: (P, T, 144, M)."""
    pose, distance = state.pose, model.config.distance
    nearness = 1 / (1 - turned[..., 2:] / distance)  # (P, T, 72, 1)
    flat, size = turned[..., :2], (pose.scale / unit)[..., None, None]
    seen = size * nearness * flat
    # a move D of a turned point moves its image by size · (n D_xy + n² p_xy D_z / d)
    by_depth = size * nearness**2 * flat / distance

    def image(moves: Tensor) -> Tensor:  # (P, T, N, 72, 3) -> (P, T, 144, N)
        shown = (size * nearness)[..., None, :, :] * moves[..., :2]
        shown = shown + by_depth[..., None, :, :] * moves[..., 2:]
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


def _moved(pose: HeadPose, move: Tensor, unit: Tensor) -> HeadPose:
    turn = torch.linalg.matrix_exp(_cross_matrix(move[..., :3]))
    return HeadPose(
        rotation=turn @ pose.rotation,
        scale=pose.scale * move[..., 3].clamp(-0.5, 0.5).exp(),
        shift=pose.shift + move[..., 4:] * unit[..., None],
    )


def _cross_matrix(v: Tensor) -> Tensor:
    """What v × does: (..., 3) -> (..., 3, 3); its rows are the axes x, y, z, each × v."""
    x, y, z = v.unbind(-1)
    o = torch.zeros_like(x)
    return torch.stack((o, -z, y, z, o, -x, -y, x, o), dim=-1).reshape(*v.shape, 3)


def _say(apart: Tensor, least: Tensor) -> Tensor:
    """Cauchy's weights of residuals (..., N), their scale a multiple of the median."""
    scale = (MEDIANS * apart.median(dim=-1, keepdim=True).values).maximum(least)
    return 1 / (1 + (apart / scale.clamp_min(1e-9)).square())
