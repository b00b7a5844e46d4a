from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from painted import Painted

from animate_cli.faces.overlay import LOST, draw_landmarks
from animate_cli.faces.preview import CHOSEN, OTHER, draw_faces
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


def test_the_frame_itself_is_left_alone(trajectory: Trajectory) -> None:
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


def test_a_lost_frame_is_framed(trajectory: Trajectory) -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    lost = draw_landmarks(frame, replace(trajectory, found=np.array([True, False])), 1)
    assert tuple(lost[0, 160]) == LOST
    assert not draw_landmarks(frame, trajectory, 1)[0].any()


def test_points_outside_the_frame_do_no_harm(trajectory: Trajectory) -> None:
    far = replace(trajectory, landmarks=trajectory.landmarks * 50 - 3000)
    assert draw_landmarks(np.zeros((24, 32, 3), np.uint8), far, 0).shape == (24, 32, 3)


def test_the_preview_boxes_every_face_and_marks_the_chosen_one() -> None:
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
