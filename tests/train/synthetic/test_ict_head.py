from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from places import SHARED

from animate_cli.errors import InputError
from animate_cli.faces.points import LEFT_EYE, MIRROR, OUTER_LIPS, PUPILS, RIGHT_EYE
from animate_cli.train.synthetic.ict_head import (
    Camera,
    IctHead,
    IctPose,
    landmarks,
    load,
    pose,
    project,
    rotation,
    shape,
    weights,
)

ARCHIVE = SHARED / "data" / "ict_face.npz"
HEAD_POSE = IctPose(yaw_deg=20, pitch_deg=-12, roll_deg=7, shift=(0.5, -0.3, 1.0))


def ball(center: tuple[float, float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    """A sphere of points with a cornea that faces a little outwards."""
    points = rng.normal(size=(60, 3))
    points *= 1.5 / np.linalg.norm(points, axis=1, keepdims=True)
    cornea = 1.66 * np.array([[np.sign(center[0]) * 0.1, 0.0, 0.99]])
    return np.vstack((points, cornea)) + center


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A model of the same make: 68 landmark vertices, two shoulders, two eyes, two shapes."""
    rng = np.random.default_rng(1)
    rims = np.c_[rng.uniform(-6, 6, 68), rng.uniform(-7, 7, 68), rng.uniform(8, 12, 68)]
    shoulders = np.array([(-9.0, -18.0, 0.0), (9.0, -19.0, 0.0)])
    eyes = [ball((side * 3.1, 3.6, 8.0), rng) for side in (-1, 1)]
    neutral = np.vstack((rims, shoulders, *eyes))
    part = np.array([0] * 70 + [1] * 61 + [2] * 61)
    corner = np.arange(len(neutral))
    path = tmp_path / "head.npz"
    np.savez(
        path,
        neutral=neutral,
        identity=0.1 * rng.normal(size=(3, *neutral.shape)),
        expression=0.1 * rng.normal(size=(2, *neutral.shape)) * (part == 0)[:, None],
        expression_names=np.array(["jawOpen", "eyeBlink_L"]),
        triangles=np.stack((corner, corner, corner), axis=1),
        material=part,
        material_names=np.array(
            ["M_Face", "M_ScleraRight", "M_ScleraLeft", "M_IrisRight", "M_IrisLeft"]
        ),
        landmarks68=np.arange(68),
    )
    return path


@pytest.fixture
def head(archive: Path) -> IctHead:
    return load(archive)


@pytest.fixture(scope="module")
def real_head() -> IctHead:
    if not ARCHIVE.exists():
        pytest.skip("the ICT Face Model is not beside this checkout")
    return load(ARCHIVE)


@pytest.mark.parametrize(
    ("angles", "before", "axis", "sign"),
    [
        ((10, 0, 0), (0, 0, 1), 0, 1),  # yaw: the nose to image right
        ((0, 10, 0), (0, 0, 1), 1, -1),  # pitch: the nose down
        ((0, 0, 10), (1, 0, 0), 1, -1),  # roll: image right sinks
    ],
)
def test_angles_are_as_a_viewer_reads_them(
    angles: tuple[float, float, float], before: tuple[float, float, float], axis: int, sign: int
) -> None:
    after = rotation(*angles) @ np.array(before, np.float32)
    assert after[axis] * sign == pytest.approx(np.sin(np.deg2rad(10)), abs=1e-6)


def test_rotations_keep_lengths_and_hands() -> None:
    turn = rotation(31, -17, 55)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_projection_is_a_pinhole() -> None:
    camera = Camera(size=101, focal_px=200, distance=50, target=(1, 2, 0))
    xy, depth = project(np.float32([[1, 2, 0], [2, 4, 10]]), camera)
    np.testing.assert_allclose(xy, [[50, 50], [50 + 200 / 40, 50 - 2 * 200 / 40]])
    np.testing.assert_allclose(depth, [50, 40])


def test_shape_is_linear(head: IctHead) -> None:
    one, two = np.float32((1, 0, 0.5)), np.float32((0, -1, 2))
    none, smile = np.zeros(2, np.float32), np.float32((0.3, 1))
    together = shape(head, one + two, smile) - head.neutral
    apart = shape(head, one, none) + shape(head, two, smile) - 2 * head.neutral
    np.testing.assert_allclose(together, apart, atol=1e-4)
    np.testing.assert_array_equal(shape(head, np.zeros(3, np.float32), none), head.neutral)


def test_head_turns_rigidly_and_shoulders_stay(head: IctHead) -> None:
    posed = pose(head, head.neutral, HEAD_POSE)
    skull = posed[:68].astype(np.float64)
    before = np.linalg.norm(head.neutral[:68, None] - head.neutral[None, :68], axis=-1)
    after = np.linalg.norm(skull[:, None] - skull[None], axis=-1)
    np.testing.assert_allclose(after, before, atol=1e-4)
    np.testing.assert_array_equal(posed[68:70], head.neutral[68:70])
    assert np.abs(skull - head.neutral[:68]).max() > 1


def test_resting_eyes_look_straight_ahead(head: IctHead) -> None:
    posed = pose(head, head.neutral, IctPose())
    for eye in head.eyes:
        cornea = posed[eye.vertices[-1]] - eye.center
        np.testing.assert_allclose(cornea / eye.radius, (0, 0, 1), atol=2e-3)


@pytest.mark.parametrize("head_pose", [HEAD_POSE, IctPose()])
def test_gaze_moves_pupils_alone(head: IctHead, head_pose: IctPose) -> None:
    away = IctPose(
        yaw_deg=head_pose.yaw_deg,
        pitch_deg=head_pose.pitch_deg,
        roll_deg=head_pose.roll_deg,
        shift=head_pose.shift,
        gaze_yaw_deg=15,
        gaze_pitch_deg=10,
    )
    straight, looking = (landmarks(head, head.neutral, s) for s in (head_pose, away))
    np.testing.assert_array_equal(straight[:72], looking[:72])
    moved = (looking - straight)[list(PUPILS)]
    if head_pose == IctPose():
        assert (moved[:, 0] > 0.2).all()
        assert (moved[:, 1] < -0.2).all()


def test_pupils_lie_on_the_posed_corneas(head: IctHead) -> None:
    looking = IctPose(yaw_deg=15, roll_deg=-8, gaze_yaw_deg=-12, gaze_pitch_deg=9)
    posed = pose(head, head.neutral, looking)
    pupils = landmarks(head, head.neutral, looking)[list(PUPILS)]
    corneas = np.stack([posed[eye.vertices[-1]] for eye in head.eyes])
    np.testing.assert_allclose(pupils, corneas, atol=1e-2)


def test_unknown_expressions_are_refused(head: IctHead) -> None:
    np.testing.assert_array_equal(weights(head, {"eyeBlink_L": 0.5}), np.float32((0, 0.5)))
    with pytest.raises(InputError, match="jawOpne"):
        weights(head, {"jawOpne": 1})


@pytest.mark.parametrize("content", [None, b"", b"not an archive"])
def test_what_is_not_the_model_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "head.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="not an ICT Face Model archive"):
        load(path)


def test_real_landmarks_are_mirror_images(real_head: IctHead) -> None:
    points = landmarks(real_head, real_head.neutral, IctPose())
    np.testing.assert_allclose(points[list(MIRROR)] * (-1, 1, 1), points, atol=0.02)


def test_real_landmarks_stand_where_their_names_say(real_head: IctHead) -> None:
    points, _ = project(landmarks(real_head, real_head.neutral, IctPose()), Camera())
    for eye, upper, lower, pupil in ((RIGHT_EYE, 68, 69, 72), (LEFT_EYE, 70, 71, 73)):
        corners = points[[eye[0], eye[3]]]
        assert corners[0, 0] < points[pupil, 0] < corners[1, 0]
        assert points[upper, 1] < points[pupil, 1] < points[lower, 1]
        assert points[upper, 1] <= points[[eye[1], eye[2]], 1].min()
        assert points[lower, 1] >= points[[eye[4], eye[5]], 1].max()
    assert points[OUTER_LIPS[0], 0] < points[OUTER_LIPS[6], 0]


def test_real_lids_close_and_lips_part(real_head: IctHead) -> None:
    nobody = np.zeros(len(real_head.identity), np.float32)

    def gap(upper: int, lower: int, **expression: float) -> float:
        unposed = shape(real_head, nobody, weights(real_head, expression))
        points, _ = project(landmarks(real_head, unposed, IctPose()), Camera())
        return float(points[lower, 1] - points[upper, 1])

    assert gap(68, 69, eyeBlink_R=1) < 0.2 * gap(68, 69)
    assert gap(70, 71, eyeBlink_L=1) < 0.2 * gap(70, 71)
    assert gap(70, 71, eyeBlink_R=1) == pytest.approx(gap(70, 71), rel=0.02)
    assert gap(62, 66, jawOpen=0.5) > 10 * gap(62, 66)
