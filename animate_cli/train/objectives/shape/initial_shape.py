"""The initial shape model: principal components of random faces of the ICT Face Model.

Identity: the components of random people (normal coefficients). Expression: the components of
random combinations of a few named shapes, computed for each part of the face by itself, so that no
mode moves lids and mouth together. All modes are symmetric or antisymmetric under reflection.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.faces.points import (
    INNER_LIPS,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_LIDS,
    MIRROR,
    OUTER_EYE_CORNERS,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.faces.shape3d.model import CORNERS, LINEAR, Part, ShapeConfig, ShapeModel
from animate_cli.train.synthetic.ict_head import IctHead, weights
from animate_cli.train.synthetic.talking_head import LIDS_AT_REST

Floats = NDArray[np.float64]

SUPPORT = {
    Part.RIGHT_EYE: (*RIGHT_EYE, *RIGHT_LIDS),
    Part.LEFT_EYE: (*LEFT_EYE, *LEFT_LIDS),
    Part.BROWS: (*RIGHT_BROW, *LEFT_BROW),
    Part.MOUTH: (*range(3, 14), *range(30, 36), *OUTER_LIPS, *INNER_LIPS),
}
"""The points that each part moves; temples and the nose's bridge are moved by none."""

SAMPLES = 4000  # random people, and random expressions
ACTIVE_PROB = 0.2  # that a named shape is part of a random expression
SYMMETRIC_PROB = 0.7  # that the same shape of the other side has the same weight
MIRRORED = np.array(MIRROR[:LINEAR])
FLIP = np.array((-1.0, 1.0, 1.0))


class Prior(NamedTuple):
    """The initial model, and how reflection maps its coefficients: index and sign.

    The reflected face has the identity coefficients times identity_sign (M,), and the expression
    coefficients at the indices expression_order (K,) times expression_sign (K,).
    """

    model: ShapeModel
    identity_sign: Tensor
    expression_order: Tensor
    expression_sign: Tensor


def build_prior(head: IctHead, config: ShapeConfig) -> Prior:
    """Principal components of the head model's landmarks, in the units of `faces.shape3d.model`."""
    rng = np.random.default_rng(0)
    rest = weights(head, {"eyeBlink_L": LIDS_AT_REST, "eyeBlink_R": LIDS_AT_REST})
    neutral = head.neutral[head.landmarks] + np.tensordot(rest, _displacements(head), 1)
    unit = float(np.linalg.norm(np.subtract(*neutral[list(OUTER_EYE_CORNERS)])))
    middle = neutral[list(OUTER_EYE_CORNERS)].mean(axis=0)
    mean = (neutral - middle) / unit * (1, -1, 1)
    mean = (mean + mirrored(mean)) / 2
    axes = np.array((1, -1, 1)) / unit
    people = rng.normal(size=(SAMPLES, len(head.identity)))
    shapes = np.tensordot(people, head.identity[:, head.landmarks].astype(float) * axes, 1)
    shapes = (shapes.reshape(SAMPLES, -1) @ rigid_motion_remover(mean).T).reshape(shapes.shape)
    identity, identity_sign = _modes(shapes, config.identity)
    expression, order, sign = _expression(_random_expressions(head, rng, axes), config)
    return Prior(
        model=ShapeModel(
            config=config,
            mean=_tensor(mean),
            identity=_tensor(identity),
            expression=_tensor(expression),
            eyeballs=_tensor(_eyeballs(head, (neutral - middle) * axes, middle, axes)),
        ),
        identity_sign=_tensor(identity_sign),
        expression_order=torch.from_numpy(order),
        expression_sign=_tensor(sign),
    )


def mirrored(shape: Floats) -> Floats:
    """A shape (..., 72, 3) reflected left to right."""
    return np.asarray(shape[..., MIRRORED, :] * FLIP)


def _displacements(head: IctHead) -> Floats:
    return head.expression[:, head.landmarks].astype(np.float64)


def _random_expressions(head: IctHead, rng: np.random.Generator, axes: Floats) -> Floats:
    """Random expressions (SAMPLES, 72, 3): sums of a few named shapes, mostly symmetric."""
    names = head.expression_names
    partner = [names.index(_other_side(name)) for name in names]
    weight = rng.uniform(size=(SAMPLES, len(names)))
    weight *= rng.uniform(size=(SAMPLES, len(names))) < ACTIVE_PROB
    left = [i for i, name in enumerate(names) if name.endswith("_L")]
    right = [partner[i] for i in left]
    alike = rng.uniform(size=(SAMPLES, len(left))) < SYMMETRIC_PROB
    weight[:, right] = np.where(alike, weight[:, left], weight[:, right])
    jaw, close = names.index("jawOpen"), names.index("mouthClose")
    weight[:, close] *= weight[:, jaw]  # this shape keeps the lips shut while the jaw opens
    return np.asarray(np.tensordot(weight, _displacements(head) * axes, 1))


def _other_side(name: str) -> str:
    swapped = {"_L": "_R", "_R": "_L"}.get(name[-2:])
    if swapped:
        return name[:-2] + swapped
    return {"jawLeft": "jawRight", "jawRight": "jawLeft"}.get(name, name)


def _expression(shapes: Floats, config: ShapeConfig) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Modes (K, 72, 3) part by part, and their order and sign under reflection.

    The left eye's modes are the right eye's, reflected.
    """
    modes = np.zeros((config.expression, LINEAR, 3))
    order = np.arange(config.expression)
    sign = np.ones(config.expression)
    for part in (Part.BROWS, Part.MOUTH):
        where, points = config.part(part), list(SUPPORT[part])
        masked = np.zeros_like(shapes)
        masked[:, points] = shapes[:, points]
        modes[where], sign[where] = _modes(masked, where.stop - where.start)
    right, left = config.part(Part.RIGHT_EYE), config.part(Part.LEFT_EYE)
    lids = np.zeros_like(shapes)
    lids[:, list(SUPPORT[Part.RIGHT_EYE])] = shapes[:, list(SUPPORT[Part.RIGHT_EYE])]
    modes[right] = _components(lids, config.eye)
    modes[left] = mirrored(modes[right])
    order[right], order[left] = order[left].copy(), order[right].copy()
    return modes, order, sign


def _modes(shapes: Floats, count: int) -> tuple[Floats, Floats]:
    """The `count` strongest symmetric (sign 1) or antisymmetric (-1) modes, and their signs."""
    both = []
    for sign in (1.0, -1.0):
        half = (shapes + sign * mirrored(shapes)) / 2
        both += [(mode, sign) for mode in _components(half, count)]
    both.sort(key=lambda pair: -float(np.square(pair[0]).sum()))
    return np.stack([m for m, _ in both[:count]]), np.array([s for _, s in both[:count]])


def _components(shapes: Floats, count: int) -> Floats:
    """Principal components about zero, scaled to one standard deviation: -> (count, 72, 3)."""
    _, scale, rows = np.linalg.svd(shapes.reshape(len(shapes), -1), full_matrices=False)
    modes = rows[:count] * scale[:count, None] / np.sqrt(len(shapes))
    return np.asarray(modes.reshape(count, LINEAR, 3))


def rigid_motion_remover(mean: Floats) -> Floats:
    """The matrix (216, 216) that removes rigid motion and scale from flattened differences.

    Shift, rotation and scale are fitted to all points but the jaw's, which annotators place
    inconsistently along the contour.
    """
    shifts = [np.broadcast_to(axis, mean.shape) for axis in np.eye(3)]
    turns = [np.cross(axis, mean) for axis in np.eye(3)]
    free = np.stack((mean, *shifts, *turns)).reshape(7, -1).T
    counts = ~np.isin(np.arange(LINEAR), JAW).repeat(3)
    read = np.linalg.pinv(free * counts[:, None])
    return np.asarray(np.eye(len(free)) - free @ (read * counts))


def _eyeballs(head: IctHead, neutral: Floats, middle: Floats, axes: Floats) -> Floats:
    """Eyeball centres relative to the midpoint of the eye's corners, and radii, in eye widths:
    (2, 4)."""
    rows = []
    for eye, corners in zip(head.eyes, CORNERS, strict=True):
        first, second = neutral[list(corners)]
        width = float(np.linalg.norm(second - first))
        centre = (eye.center - middle) * axes
        rows.append((*((centre - (first + second) / 2) / width), eye.radius * axes[0] / width))
    return np.array(rows)


def _tensor(values: Floats) -> Tensor:
    return torch.from_numpy(np.asarray(values)).float()
