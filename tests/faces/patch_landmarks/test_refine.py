"""The second look: what patch networks saw takes the place of what was seen first."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from animate_cli.faces.crop import to_crop
from animate_cli.faces.patch_landmarks import refine
from animate_cli.faces.patch_landmarks.patches import POINTS_OF, FacePart, patch_square
from animate_cli.faces.patch_landmarks.refine import NOT_SEEN_PX, SEEN_PX, SecondLook
from animate_cli.records import Image, Points

SIZE = 32


class Fixed:
    """A patch network that says the same of every patch, and remembers how many it saw."""

    size = SIZE

    def __init__(self, count: int, *, sure: float = 1.0) -> None:
        self.where = np.random.default_rng(count).uniform(8, 24, (count, 2)).astype(np.float32)
        self.sure = sure
        self.batches: list[int] = []

    def __call__(self, patches: Image) -> tuple[Points, NDArray[np.float32]]:
        self.batches.append(len(patches))
        count = len(self.where)
        sure = np.full((len(patches), count), self.sure, np.float32)
        return np.repeat(self.where[None], len(patches), axis=0), sure


class Brightest:
    """A patch network that puts every point on the brightest pixel."""

    size = 64

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, patches: Image) -> tuple[Points, NDArray[np.float32]]:
        flat = patches.astype(int).sum(axis=-1).reshape(len(patches), -1).argmax(axis=1)
        y, x = np.divmod(flat, self.size)
        points = np.stack((x, y), axis=-1).astype(np.float32)
        shape = (len(patches), self.count)
        return np.repeat(points[:, None], self.count, axis=1), np.ones(shape, np.float32)


def eyes_at(scale: float) -> Points:
    """A face (74, 2) whose eyes are `scale` pixels wide."""
    points = np.random.default_rng(0).uniform(-2.5, 2.5, (74, 2))
    points[[36, 39, 42, 45]] = (-2, -1), (-1, -1), (1, -1), (2, -1)
    points[list(POINTS_OF[FacePart.MOUTH])] = np.random.default_rng(1).uniform(-0.5, 0.5, (20, 2))
    points[[48, 54]] = (-0.7, 1), (0.7, 1)
    return (points * scale + 100).astype(np.float32)


FRAME = np.zeros((200, 200, 3), np.uint8)


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No patch counts as misplaced."""
    monkeypatch.setattr(refine, "MISPLACED", np.inf)


@pytest.mark.usefixtures("once")
def test_each_part_is_looked_at_once_in_one_batch() -> None:
    eyes, mouth = Fixed(9), Fixed(20)
    SecondLook(eyes, mouth)([FRAME] * 3, np.stack([eyes_at(20)] * 3))
    assert (eyes.batches, mouth.batches) == ([6], [3])


def test_nothing_else_is_moved_and_the_first_points_stay_as_they_are() -> None:
    points = eyes_at(20)[None]
    kept = points.copy()
    refined = SecondLook(Fixed(9), Fixed(20))([FRAME], points)
    np.testing.assert_array_equal(points, kept)
    np.testing.assert_array_equal(refined[:, :36], points[:, :36])
    assert (np.abs(refined[:, 36:] - points[:, 36:]).max(axis=-1) > 0).all()


def test_a_bright_pupil_is_found_where_it_is() -> None:
    points = eyes_at(24)
    frame = FRAME.copy()
    frame[77, 66], frame[75, 138] = 255, 255  # one in each eye: x right, y down
    refined = SecondLook(Brightest(9), Brightest(20))([frame], points[None])[0]
    assert refined[72] == pytest.approx((66, 77), abs=0.8)
    assert refined[73] == pytest.approx((138, 75), abs=0.8)


def test_small_faces_keep_the_first_points_and_the_way_there_is_smooth() -> None:
    look = SecondLook(Fixed(9), Fixed(20))
    small = eyes_at(NOT_SEEN_PX - 0.5)[None]
    np.testing.assert_array_equal(look([FRAME], small), small)
    shares = []
    for width in np.linspace(NOT_SEEN_PX, SEEN_PX, 30):
        points = eyes_at(float(width))[None]
        whole = SecondLook(Fixed(9), Fixed(20))
        moved = np.abs(whole([FRAME], points) - points)[0, 36:].max()
        shares.append(moved / width)
    assert np.diff(shares).min() > -1e-3
    assert np.diff(shares).max() < 0.12 * shares[-1]


def test_a_misplaced_patch_is_cut_once_more() -> None:
    """The mouth is where it was seen first, the right eye is not."""
    points = eyes_at(24)
    crop = patch_square(points, FacePart.MOUTH, SIZE)
    eyes, mouth = Fixed(9), Fixed(20)
    mouth.where = to_crop(points[list(POINTS_OF[FacePart.MOUTH])], crop)
    SecondLook(eyes, mouth)([FRAME], points[None])
    assert mouth.batches == [1]
    assert len(eyes.batches) == 2


@pytest.mark.usefixtures("once")
def test_a_point_is_moved_as_far_as_the_network_is_sure() -> None:
    points = eyes_at(24)[None]
    whole = SecondLook(Fixed(9), Fixed(20))([FRAME], points) - points
    half = SecondLook(Fixed(9, sure=0.5), Fixed(20, sure=0.5))([FRAME], points) - points
    np.testing.assert_allclose(half, whole / 2, atol=1e-3)


def test_a_batch_of_two_is_two_of_one() -> None:
    look = SecondLook(Fixed(9), Fixed(20))
    points = np.stack((eyes_at(20), eyes_at(12)))
    both = look([FRAME, FRAME], points)
    each = np.concatenate([look([FRAME], points[k : k + 1]) for k in range(2)])
    np.testing.assert_array_equal(both, each)


def test_no_frames_give_no_points() -> None:
    assert SecondLook(Fixed(9), Fixed(20))([], np.zeros((0, 74, 2), np.float32)).shape == (0, 74, 2)
