from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from painted import Painted

from animate_cli.faces.drawing.numbered_faces import CHOSEN, OTHER, draw_faces
from animate_cli.faces.drawing.overlay import AXES, LOST, draw_head, draw_landmarks, head_lines
from animate_cli.faces.shape3d.model import HeadPose, load_shape_model, project, rotation
from animate_cli.records import Detection, Trajectory

FACE = Painted(x=150, y=120, radius=80)


@pytest.fixture
def trajectory() -> Trajectory:
    return Trajectory(
        landmarks=np.stack([FACE.landmarks] * 2),
        confidence=np.ones((2, 74), np.float32),
        found=np.ones(2, bool),
        cut=np.zeros(2, bool),
        times_s=(Fraction(0), Fraction(1, 25)),
        rate=Fraction(25),
        width=320,
        height=240,
        driver="d.mp4",
        sha256="",
    )


def test_the_frame_is_not_changed(trajectory: Trajectory) -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    drawn = draw_landmarks(frame, trajectory, 0)
    assert drawn.shape == frame.shape
    assert not frame.any()
    assert drawn.any()


def test_every_point_is_marked_in_the_colour_of_its_confidence(trajectory: Trajectory) -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    sure = draw_landmarks(frame, trajectory, 0)
    unsure = draw_landmarks(frame, replace(trajectory, confidence=np.zeros((2, 74), np.float32)), 0)
    for x, y in FACE.landmarks[:27].round().astype(int):
        assert sure[y, x, 1] > sure[y, x, 0]
        assert unsure[y, x, 0] > unsure[y, x, 1]


def test_a_lost_frame_has_a_border(trajectory: Trajectory) -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    lost = draw_landmarks(frame, replace(trajectory, found=np.array([True, False])), 1)
    assert tuple(lost[0, 160]) == LOST
    assert not draw_landmarks(frame, trajectory, 1)[0].any()


def test_points_outside_the_frame_are_no_error(trajectory: Trajectory) -> None:
    far = replace(trajectory, landmarks=trajectory.landmarks * 50 - 3000)
    assert draw_landmarks(np.zeros((24, 32, 3), np.uint8), far, 0).shape == (24, 32, 3)


def test_every_face_has_a_box_and_the_chosen_one_another_colour() -> None:
    faces = [
        Detection(
            box=(x, 60.0, x + 80, 140.0),
            landmarks=FACE.landmarks,
            confidence=np.ones(74, np.float32),
        )
        for x in (20.0, 200.0)
    ]
    frame = np.zeros((240, 320, 3), np.uint8)
    drawn = draw_faces(frame, faces, faces[1])
    assert tuple(drawn[140, 60]) == OTHER
    assert tuple(drawn[140, 240]) == CHOSEN
    assert not frame.any()


def test_numbers_stay_inside_the_picture() -> None:
    corner = Detection(
        box=(-30.0, -40.0, 300.0, 230.0),
        landmarks=FACE.landmarks,
        confidence=np.ones(74, np.float32),
    )
    drawn = draw_faces(np.zeros((240, 320, 3), np.uint8), [corner])
    assert (drawn[:40, :40] == OTHER).all(axis=2).any()


def turned(angles_deg: tuple[float, float, float], gaze_deg: tuple[float, float]) -> Trajectory:
    """One frame of the shape model's neutral face, 100 pixels between its outer eye corners."""
    model = load_shape_model()
    pose = HeadPose(
        rotation=rotation(torch.tensor([angles_deg])),
        scale=torch.tensor([100.0]),
        shift=torch.tensor([[160.0, 90.0]]),
    )
    rest = torch.zeros(model.config.identity), torch.zeros(1, model.config.expression)
    points = project(model, pose, *rest, torch.tensor(gaze_deg).expand(1, 2, 2))
    return Trajectory(
        landmarks=points.numpy(),
        confidence=np.ones((1, 74), np.float32),
        found=np.ones(1, bool),
        cut=np.zeros(1, bool),
        times_s=(Fraction(0),),
        rate=Fraction(25),
        width=320,
        height=240,
        driver="d.mp4",
        sha256="",
    )


def test_axes_have_the_pose_of_the_head() -> None:
    lines = head_lines(load_shape_model(), turned((0.0, 0.0, 0.0), (0.0, 0.0)))
    start, right, down, out = lines.axes[0]
    assert right[0] > start[0] + 30
    assert down[1] > start[1] + 30
    assert np.linalg.norm(out - start) < 10, "towards the viewer it is seen end on"
    lines = head_lines(load_shape_model(), turned((30.0, 0.0, 0.0), (0.0, 0.0)))
    start, right, _, out = lines.axes[0]
    assert out[0] > start[0] + 15
    assert lines.angles_deg[0] == pytest.approx((30, 0, 0), abs=0.5)


def test_rays_start_at_the_pupils_in_the_direction_of_gaze() -> None:
    trajectory = turned((0.0, 0.0, 0.0), (20.0, 0.0))
    lines = head_lines(load_shape_model(), trajectory)
    np.testing.assert_allclose(lines.rays[0, :, 0], trajectory.landmarks[0, 72:], atol=1)
    assert (lines.rays[0, :, 1, 0] > lines.rays[0, :, 0, 0] + 10).all()
    assert lines.is_open.all()


def test_a_shut_eye_has_no_ray() -> None:
    trajectory = turned((0.0, 0.0, 0.0), (20.0, 0.0))
    trajectory.landmarks[0, 68] = trajectory.landmarks[0, 69]
    lines = head_lines(load_shape_model(), trajectory)
    assert lines.is_open.tolist() == [[False, True]]
    canvas = np.zeros((240, 320, 3), np.uint8)
    draw_head(canvas, lines, 0)
    ends = lines.rays[0, :, 1].round().astype(int)
    lit = [bool(canvas[y - 2 : y + 3, x - 2 : x + 3].any()) for x, y in ends]
    assert lit == [False, True]


def test_the_head_is_drawn_in_its_colours() -> None:
    canvas = np.zeros((240, 320, 3), np.uint8)
    lines = head_lines(load_shape_model(), turned((25.0, 10.0, 0.0), (0.0, 0.0)))
    draw_head(canvas, lines, 0)
    for tip, colour in zip(lines.axes[0, 1:], AXES, strict=True):
        x, y = (0.15 * lines.axes[0, 0] + 0.85 * tip).round().astype(int)
        assert np.abs(canvas[y, x].astype(int) - colour).max() < 60
