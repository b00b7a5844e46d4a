"""The ICT Face Model Light, a 3-D head model: its shape, its pose and its projection.

The model (Li et al. 2020, "Learning Formation of Physically-Based Face Attributes"; MIT licence)
is read from an .npz and is not part of this package. Shape = neutral + identity + expression, all
linear. This file adds the rotation of the eyes, the bending of the neck and a pinhole camera.

Convention  head space: centimetres, x to the subject's left (image right), y up, z out of the
            face; angles as a viewer reads them, in degrees:
            yaw > 0 the nose points to image right, pitch > 0 it points down,
            roll > 0 the head tilts clockwise in the image. Image: x right, y down, pixel centres.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from animate_cli.errors import DAMAGED_ARCHIVE, InputError

Vertices = NDArray[np.float32]

NECK_PIVOT = np.array((0.0, -6.0, 0.5), np.float32)
NECK_BENDS = (-17.0, -8.5)  # y below which the neck does not move, and above which it turns fully
PUPIL_RIGHT, PUPIL_LEFT = 72, 73
LID_MIDDLES = ((37, 38), (41, 40), (43, 44), (47, 46))  # the rim points around 68, 69, 70, 71


@dataclass(frozen=True, kw_only=True, eq=False)
class Eye:
    """One eyeball: its vertices, its centre of rotation, the unit axis of its cornea at rest."""

    vertices: NDArray[np.int64]
    center: Vertices
    axis: Vertices
    radius: float


@dataclass(frozen=True, kw_only=True, eq=False)
class IctHead:
    """The model's arrays.

    neutral (V, 3); identity (I, V, 3) and expression (E, V, 3) displacements per unit weight;
    triangles (N, 3); material (N,) index into material_names; landmarks (72,) vertex numbers of
    our points 0-71; eyes: right (image left), left.
    """

    neutral: Vertices
    identity: NDArray[np.float16]
    expression: Vertices
    expression_names: tuple[str, ...]
    triangles: NDArray[np.int64]
    material: NDArray[np.uint8]
    material_names: tuple[str, ...]
    landmarks: NDArray[np.int64]
    eyes: tuple[Eye, Eye]


@dataclass(frozen=True, kw_only=True)
class IctPose:
    """Pose of head and eyes: angles in degrees by the module's convention, shift in centimetres.

    gaze_yaw_deg, gaze_pitch_deg: of the eyes, relative to the head.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gaze_yaw_deg: float = 0.0
    gaze_pitch_deg: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A pinhole on the z axis, looking at `target`; size: pixels of the square picture."""

    size: int = 512
    focal_px: float = 1500.0
    distance: float = 100.0
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Projected(NamedTuple):
    """xy (..., 2) pixels; depth (...,) centimetres from the camera."""

    xy: NDArray[np.float32]
    depth: NDArray[np.float32]


def load(path: Path) -> IctHead:
    """The model from its .npz; InputError if it is not there or not this model."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _head(arrays)
    except DAMAGED_ARCHIVE as error:
        raise InputError(
            f"{path}: not an ICT Face Model archive ({error})",
            hint="give the .npz with neutral, identity, expression, triangles, landmarks68",
        ) from error


def _head(arrays: Mapping[str, NDArray[np.generic]]) -> IctHead:
    neutral = arrays["neutral"].astype(np.float32)
    triangles = arrays["triangles"].astype(np.int64)
    material = arrays["material"].astype(np.uint8)
    names = tuple(str(name) for name in arrays["material_names"])
    rims = arrays["landmarks68"].astype(np.int64)
    face = np.unique(triangles[material == names.index("M_Face")])
    lids = [_nearest_to_middle(neutral, face, rims[list(pair)]) for pair in LID_MIDDLES]
    return IctHead(
        neutral=neutral,
        identity=arrays["identity"].astype(np.float16),
        expression=arrays["expression"].astype(np.float32),
        expression_names=tuple(str(name) for name in arrays["expression_names"]),
        triangles=triangles,
        material=material,
        material_names=names,
        landmarks=np.concatenate((rims, lids)),
        eyes=(
            _eye(neutral, triangles, material, names, "Right"),
            _eye(neutral, triangles, material, names, "Left"),
        ),
    )


def _nearest_to_middle(neutral: Vertices, face: NDArray[np.int64], pair: NDArray[np.int64]) -> int:
    """The face vertex nearest to the middle of two rim vertices."""
    middle = neutral[pair].mean(axis=0)
    middle[1] += 0.06 * np.sign(middle[1] - 3.4)  # the rim bows away from the chord
    return int(face[np.linalg.norm(neutral[face] - middle, axis=1).argmin()])


def _eye(
    neutral: Vertices,
    triangles: NDArray[np.int64],
    material: NDArray[np.uint8],
    names: tuple[str, ...],
    side: str,
) -> Eye:
    parts = [names.index(f"M_{part}{side}") for part in ("Sclera", "Iris")]
    ball = np.unique(triangles[material == parts[0]])
    points = neutral[ball]
    # least-squares sphere: |p|^2 = 2 p.c + (r^2 - |c|^2)
    system = np.c_[2 * points, np.ones(len(points))]
    x, y, z, rest = np.linalg.lstsq(system, (points**2).sum(axis=1), rcond=None)[0]
    center = np.array((x, y, z), np.float32)
    reach = np.linalg.norm(points - center, axis=1)
    front = points[:, 2] > z + 0.6 * np.sqrt(rest + center @ center)
    cornea = points[front][reach[front].argmax()] - center
    return Eye(
        vertices=np.unique(triangles[np.isin(material, parts)]),
        center=center,
        axis=(cornea / np.linalg.norm(cornea)).astype(np.float32),
        radius=float(np.linalg.norm(cornea)),
    )


def weights(head: IctHead, expression: Mapping[str, float]) -> NDArray[np.float32]:
    """Named expression weights, 0 to 1 -> (E,); InputError for a name the model does not have."""
    unknown = set(expression) - set(head.expression_names)
    if unknown:
        raise InputError(
            f"the head has no expression named {', '.join(sorted(unknown))}",
            hint=f"it has {', '.join(head.expression_names)}",
        )
    return np.array([expression.get(name, 0.0) for name in head.expression_names], np.float32)


def shape(
    head: IctHead, identity: NDArray[np.float32], expression: NDArray[np.float32]
) -> Vertices:
    """Unposed vertices (V, 3) of a person (I,) with an expression (E,)."""
    used_i, used_e = np.flatnonzero(identity), np.flatnonzero(expression)
    person = np.tensordot(identity[used_i], head.identity[used_i].astype(np.float32), 1)
    return head.neutral + person + np.tensordot(expression[used_e], head.expression[used_e], 1)


def pose(head: IctHead, vertices: Vertices, head_pose: IctPose) -> Vertices:
    """Rotate the eyes, then the head; the neck bends between shoulders and jaw. (V, 3) -> (V, 3)

    Further vertices after the model's own follow the head by their height, as the neck does.
    """
    moved = vertices.copy()
    gaze = rotation(head_pose.gaze_yaw_deg, head_pose.gaze_pitch_deg, 0.0)
    for eye in head.eyes:
        center = _center(head, vertices, eye)
        turn = gaze @ _axis_to_ahead(eye.axis)
        moved[eye.vertices] = (moved[eye.vertices] - center) @ turn.T + center
    turn = rotation(head_pose.yaw_deg, head_pose.pitch_deg, head_pose.roll_deg)
    turned = (moved - NECK_PIVOT) @ turn.T + NECK_PIVOT + np.asarray(head_pose.shift, np.float32)
    with_head = _head_share(moved)[:, None]
    return np.asarray(moved + with_head * (turned - moved), np.float32)


def _head_share(vertices: Vertices) -> NDArray[np.float32]:
    """How far each vertex follows the head: 0 at the shoulders, 1 from the jaw up."""
    low, high = NECK_BENDS
    t = np.clip((vertices[:, 1] - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _center(head: IctHead, vertices: Vertices, eye: Eye) -> Vertices:
    """The centre of a person's eyeball: identity shifts the resting one."""
    shift = (vertices[eye.vertices] - head.neutral[eye.vertices]).mean(axis=0)
    center: Vertices = eye.center + shift
    return center


def _axis_to_ahead(axis: Vertices) -> NDArray[np.float32]:
    """The rotation that turns a resting eye's axis straight ahead."""
    yaw, pitch = np.arctan2(axis[0], axis[2]), -np.arcsin(axis[1])
    return rotation(0.0, -np.rad2deg(pitch), 0.0) @ rotation(-np.rad2deg(yaw), 0.0, 0.0)


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> NDArray[np.float32]:
    """(3, 3) = yaw after pitch after roll, in head space by the convention above."""
    a, b, c = np.deg2rad((yaw_deg, pitch_deg, -roll_deg))
    yaw = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    pitch = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    roll = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(yaw @ pitch @ roll, np.float32)


def project(points: Vertices, camera: Camera) -> Projected:
    """Points (..., 3) in head space -> pixels and depth."""
    depth = camera.distance - points[..., 2]
    scale = camera.focal_px / depth
    middle = (camera.size - 1) / 2
    x = middle + (points[..., 0] - camera.target[0]) * scale
    y = middle - (points[..., 1] - camera.target[1]) * scale
    return Projected(np.stack((x, y), axis=-1).astype(np.float32), depth.astype(np.float32))


def landmarks(head: IctHead, unposed: Vertices, head_pose: IctPose) -> Vertices:
    """The 74 landmarks in head space (74, 3): 72 posed vertices, then the pupils at that gaze."""
    posed = pose(head, unposed, head_pose)
    turn = rotation(head_pose.yaw_deg, head_pose.pitch_deg, head_pose.roll_deg)
    ahead = rotation(head_pose.gaze_yaw_deg, head_pose.gaze_pitch_deg, 0.0)[:, 2]
    pupils = [_center(head, unposed, eye) + eye.radius * ahead for eye in head.eyes]
    shift = np.asarray(head_pose.shift, np.float32)
    turned = (np.stack(pupils) - NECK_PIVOT) @ turn.T + NECK_PIVOT + shift
    return np.concatenate((posed[head.landmarks], turned)).astype(np.float32)
