"""Points stay on what they named, whatever is done to the picture."""

import cv2
import numpy as np
import pytest

from animate_cli.faces.points import MIRROR, PUPILS, RIGHT_EYE
from animate_cli.train.samples.augment import AugmentConfig, damage, jitter, make_square, mirrored

NAMES = ["colour", "dark", "grey", "coarse", "blur", "noise", "jpeg", "hide"]


def dotted(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A dark picture with a bright dot, two pixels wide, at each of 74 well separated points."""
    rng = np.random.default_rng(seed)
    cells = rng.permutation(100)[:74]
    points = np.stack((60 + 14 * (cells % 10), 60 + 14 * (cells // 10)), axis=1)
    picture = np.zeros((256, 256, 3), np.uint8)
    for x, y in points:
        cv2.circle(picture, (int(x), int(y)), 3, (255, 255, 255), -1)
    return picture, points.astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_points_follow_the_pixels_through_the_jitter(seed):
    picture, points = dotted(seed)
    square, moved = jitter(picture, points, 128, AugmentConfig(), np.random.default_rng(seed))
    inside = ((moved > 4) & (moved < 123)).all(axis=1)
    assert inside.sum() > 30
    for x, y in moved[inside]:
        patch = square[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2]
        assert patch.max() > 100


def test_mirroring_twice_gives_the_picture_and_the_points_back():
    picture, points = dotted()
    back, again = mirrored(*mirrored(picture, points))
    assert np.array_equal(back, picture)
    assert np.array_equal(again, points)


def test_mirror_names_swap_sides_and_keep_the_middle():
    assert sorted(MIRROR) == list(range(74))
    assert [MIRROR[MIRROR[k]] for k in range(74)] == list(range(74))
    assert {MIRROR[k] for k in RIGHT_EYE} == set(range(42, 48))
    assert {MIRROR[k] for k in PUPILS} == set(PUPILS)
    assert [k for k in range(74) if MIRROR[k] == k] == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


def test_the_same_generator_gives_the_same_square():
    picture, points = dotted()
    one = make_square(picture, points, 128, AugmentConfig(), np.random.default_rng(7))
    two = make_square(picture, points, 128, AugmentConfig(), np.random.default_rng(7))
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])


@pytest.mark.parametrize("name", NAMES)
def test_each_damage_changes_pixels_and_keeps_their_type(name):
    nothing = dict.fromkeys(NAMES, 0.0)
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    assert np.array_equal(damage(picture, AugmentConfig(**nothing), rng), picture)
    damaged = damage(picture, AugmentConfig(**{**nothing, name: 1.0}), rng)
    assert damaged.dtype == np.uint8
    assert damaged.shape == picture.shape
    assert not np.array_equal(damaged, picture)


def test_low_light_is_dark_and_noisy_and_no_worse_than_that():
    picture = np.full((128, 128, 3), 180, np.uint8)
    config = AugmentConfig(colour=0, grey=0, coarse=0, blur=0, noise=0, jpeg=0, hide=0, dark=1)
    for seed in range(20):
        seen = damage(picture, config, np.random.default_rng(seed))
        assert 5 < seen.mean() < 175
        assert seen.std() > 0.5


def test_what_came_later_keeps_the_random_numbers_of_older_recipes():
    picture, _ = dotted()
    rng = np.random.default_rng(3)
    damage(picture, AugmentConfig(colour=0, grey=0, coarse=0, blur=0, noise=0, jpeg=0, hide=0), rng)
    assert rng.random() == np.random.default_rng(3).random()


def test_points_without_a_label_stay_so_under_their_mirrored_name():
    picture, points = dotted()
    points[[36, 68, 73]] = np.nan
    config = AugmentConfig(mirror=1.0)
    _, moved = make_square(picture, points, 128, config, np.random.default_rng(0))
    missing = np.flatnonzero(np.isnan(moved).any(axis=1))
    assert missing.tolist() == sorted(MIRROR[k] for k in (36, 68, 73))


def test_faces_are_turned_to_45_degrees_either_way():
    points = np.stack(np.meshgrid(np.arange(10.0), np.arange(8.0)), axis=-1).reshape(-1, 2)[:74]
    points = (60 + 14 * points).astype(np.float32)
    config = AugmentConfig(stretch=0)
    turns = []
    for seed in range(400):
        _, moved = jitter(
            np.zeros((256, 256, 3), np.uint8), points, 32, config, np.random.default_rng(seed)
        )
        x, y = moved[9] - moved[0]
        turns.append(np.degrees(np.arctan2(y, x)))
    assert -49 < min(turns) < -40
    assert 40 < max(turns) < 49
