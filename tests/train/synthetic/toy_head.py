"""A head of two balls on an ellipsoid, as an archive of the ICT Face Model's make.

It stands in for the scanned head where that is not beside the checkout: the same materials, 68
landmarks, eyes with a cornea, 60 identity and 53 expression shapes; only the jaw and the lids move.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from toy_world import canonical_points

MATERIALS = (
    *("M_Face", "M_BackHead", "M_ScleraRight", "M_ScleraLeft"),
    *("M_IrisRight", "M_IrisLeft", "M_Teeth", "M_GumsTongue"),
)
HEAD = np.array((8.0, 11.0, 9.0))  # half-axes, cm
EYE = np.array((3.1, 3.4, 8.0))
BALL, CORNEA = 1.5, 1.66
SIDED = (
    *("browInnerUp", "browOuterUp", "eyeBlink", "eyeLookDown", "eyeLookUp", "eyeWide"),
    *("mouthPress", "mouthSmile", "mouthUpperUp", "mouthLowerDown", "mouthStretch"),
)
MIDDLE = ("jawOpen", "mouthRollLower", "mouthRollUpper", "mouthFunnel", "mouthPucker")
IDENTITIES, EXPRESSIONS = 60, 53

Floats = NDArray[np.float64]


def globe(rings: int, around: int) -> tuple[Floats, NDArray[np.int64]]:
    """A unit ball with poles on the z axis, the first vertex at +z -> (V, 3), triangles (N, 3)."""
    down = np.pi * np.arange(1, rings) / rings
    turn = 2 * np.pi * np.arange(around) / around
    ring = [np.outer(np.sin(down), f(turn)).ravel() for f in (np.cos, np.sin)]
    body = np.c_[ring[0], ring[1], np.repeat(np.cos(down), around)]
    vertices = np.vstack(((0, 0, 1), body, (0, 0, -1)))
    here = np.arange((rings - 1) * around).reshape(rings - 1, around) + 1
    there = np.roll(here, -1, axis=1)
    a, b, c, d = (grid.ravel() for grid in (here[:-1], there[:-1], here[1:], there[1:]))
    top, bottom = np.zeros(around, int), np.full(around, len(vertices) - 1)
    triangles = [(top, here[0], there[0]), (a, c, b), (b, c, d), (bottom, there[-1], here[-1])]
    return vertices, np.vstack([np.stack(corners, axis=1) for corners in triangles])


def on_skin(xy: Floats) -> Floats:
    """The front of the ellipsoid over head-space x, y."""
    rest = 1 - ((xy / HEAD[:2]) ** 2).sum(axis=1)
    return np.c_[xy, HEAD[2] * np.sqrt(np.clip(rest, 0, None))]


def write_toy_head(path: Path) -> Path:
    """The archive, as `ict_head.load` reads it."""
    skin, skin_triangles = globe(24, 48)
    ball, ball_triangles = globe(16, 24)
    ball = ball * BALL
    ball[0] = (0, 0, CORNEA)
    rims = on_skin(canonical_points()[:68] * (7.2, -7.2) + (0, 2.0))
    parts = [skin * HEAD, ball + EYE * (-1, 1, 1), ball + EYE, rims]
    starts = np.cumsum([0, *map(len, parts)])
    neutral = np.vstack(parts)
    corner = np.arange(starts[3], starts[4])
    triangles = [skin_triangles, ball_triangles + starts[1], ball_triangles + starts[2]]
    front = neutral[skin_triangles][..., 2].mean(axis=1) > 0
    material = [np.where(front, 0, 1), *(np.full(len(ball_triangles), n) for n in (2, 3))]
    names = (*MIDDLE, *(f"{name}_{side}" for name in SIDED for side in "LR"))
    names += tuple(f"unused{n}" for n in range(EXPRESSIONS - len(names)))
    expression = np.zeros((EXPRESSIONS, *neutral.shape))
    expression[names.index("jawOpen"), :, 1] = -2 * ((neutral[:, 1] < -2.2) & (neutral[:, 2] > 0))
    for side, sign in (("R", -1), ("L", 1)):
        lid = np.linalg.norm(neutral - (sign * EYE[0], EYE[1] + 0.5, EYE[2]), axis=1) < 1
        lid[: starts[3]] = False
        expression[names.index(f"eyeBlink_{side}"), lid, 1] = -1
    wide = 1 + 0.01 * np.random.default_rng(0).normal(size=(IDENTITIES, 1, 3))
    np.savez(
        path,
        neutral=neutral,
        identity=neutral * (wide - 1),
        expression=expression,
        expression_names=np.array(names),
        triangles=np.vstack((*triangles, np.stack((corner, corner, corner), axis=1))),
        material=np.concatenate((*material, np.zeros(68, int))),
        material_names=np.array(MATERIALS),
        landmarks68=corner,
    )
    return path
