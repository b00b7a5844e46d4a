"""Patches of a face: where they lie, and that both eyes look alike in them."""

from __future__ import annotations

import numpy as np
import pytest

from animate_cli.faces.crop import to_crop
from animate_cli.faces.patch_landmarks.patches import (
    EYE_SIDE,
    EYES,
    POINTS_OF,
    FacePart,
    eye_width_px,
    patch_square,
)
from animate_cli.faces.patch_landmarks.refine import patch_of, unmirrored
from animate_cli.faces.points import MIRROR
from animate_cli.records import Points

SIZE = 64
RIGHT, LEFT = EYES


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def face(rng: np.random.Generator) -> Points:
    """A face whose eyes and mouth lie where eyes and mouths do, in a picture of 200 x 200."""
    points = rng.uniform(50, 150, (74, 2)).astype(np.float32)
    for part, middle in ((RIGHT, (75, 80)), (LEFT, (125, 82))):
        points[list(POINTS_OF[part])] = np.array(middle) + rng.uniform(-4, 4, (9, 2))
    points[[36, 39, 42, 45]] = (65, 81), (85, 79), (115, 82), (136, 84)
    points[list(POINTS_OF[FacePart.MOUTH])] = rng.uniform((82, 107), (118, 143), (20, 2))
    points[[48, 54]] = (82, 125), (118, 127)
    return points


@pytest.mark.parametrize("part", list(FacePart))
def test_corners_lie_level(face: Points, part: FacePart) -> None:
    corners = {RIGHT: (36, 39), LEFT: (42, 45), FacePart.MOUTH: (36, 45)}[part]
    right, left = to_crop(face[list(corners)], patch_square(face, part, SIZE))
    assert right[1] == pytest.approx(left[1], abs=1e-3)
    assert right[0] < left[0]


@pytest.mark.parametrize("part", EYES)
def test_an_eye_fills_its_share_of_the_patch_and_lies_in_its_middle(
    face: Points, part: FacePart
) -> None:
    corners = to_crop(face[list(POINTS_OF[part])][[0, 3]], patch_square(face, part, SIZE))
    assert np.hypot(*(corners[0] - corners[1])) == pytest.approx(SIZE / EYE_SIDE, rel=1e-4)
    assert corners.mean(axis=0) == pytest.approx([(SIZE - 1) / 2] * 2, abs=1e-3)


@pytest.mark.parametrize("part", list(FacePart))
def test_patches_turn_and_grow_with_the_face(face: Points, part: FacePart) -> None:
    angle = np.deg2rad(25)
    turn = 2.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (face @ turn.T + (300, 40)).astype(np.float32)
    before = to_crop(face[list(POINTS_OF[RIGHT])], patch_square(face, RIGHT, 64))
    after = to_crop(moved[list(POINTS_OF[RIGHT])], patch_square(moved, RIGHT, 64))
    assert after == pytest.approx(before, abs=0.02)


def test_a_left_eye_in_the_mirror_is_a_right_eye(face: Points, rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    face_mirrored = (face[list(MIRROR)] * (-1, 1) + (199, 0)).astype(np.float32)
    left = patch_of(picture, patch_square(face, LEFT, SIZE), LEFT)
    right = patch_of(mirrored, patch_square(face_mirrored, RIGHT, SIZE), RIGHT)
    assert np.abs(left.astype(int) - right).max() <= 8  # cv2 rounds positions to 1/32 pixel


def test_points_in_a_mirrored_patch_go_back(rng: np.random.Generator) -> None:
    points = rng.uniform(0, SIZE, (9, 2)).astype(np.float32)
    back = unmirrored(unmirrored(points, LEFT, SIZE), LEFT, SIZE)
    assert back == pytest.approx(points)
    assert unmirrored(points, RIGHT, SIZE) is points


def test_each_landmark_of_eyes_and_lips_is_in_one_part() -> None:
    held = [k for part in FacePart for k in POINTS_OF[part]]
    assert sorted(held) == [*range(36, 74)]
    assert POINTS_OF[LEFT] == tuple(MIRROR[k] for k in POINTS_OF[RIGHT])


def test_eye_width_is_both_eyes_mean(face: Points) -> None:
    right, left = (np.hypot(*(face[a] - face[b])) for a, b in ((36, 39), (42, 45)))
    assert eye_width_px(face) == pytest.approx((right + left) / 2)
