"""Eyes and mouths as training sees them: labels stay on what they name."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from animate_cli.faces.patch_landmarks.patches import POINTS_OF, FacePart
from animate_cli.records import Image, Points
from animate_cli.train.samples.augment import AugmentConfig
from animate_cli.train.samples.part_augment import (
    BELOW,
    MOUTH,
    PatchAugment,
    jittered,
    make_patch,
    mirrored_mouth,
    opened_further,
)
from animate_cli.train.samples.part_samples import (
    GAP_BINS,
    STORED_PX,
    PartSample,
    cut_parts,
    pupil_across,
    rarity,
)
from animate_cli.train.samples.rare_sampler import RareSampler
from animate_cli.train.samples.samples import encode_jpeg

CALM = PatchAugment(
    damage=AugmentConfig(hide=0, colour=0, grey=0, coarse=0, blur=0, noise=0, jpeg=0)
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def mouth_points(gap: float) -> Points:
    """A mouth 40 pixels wide in the middle of a stored square, its lips `gap` apart."""
    points = np.zeros((20, 2), np.float32)
    middle = STORED_PX / 2
    across = {48: -20, 49: -13, 50: -6, 51: 0, 52: 6, 53: 13, 54: 20}
    across |= {55: 13, 56: 6, 57: 0, 58: -6, 59: -13}
    across |= {60: -16, 61: -7, 62: 0, 63: 7, 64: 16, 65: 7, 66: 0, 67: -7}
    for k, x in across.items():
        bow = 1 - (x / 20) ** 2
        down = {True: -6 * bow, False: gap + 7 * bow}[k in range(48, 55)]
        if k in range(60, 65):
            down = 0.0
        if k in range(65, 68):
            down = gap
        if k in (48, 54, 60, 64):
            down = 0.0
        points[MOUTH[k]] = middle + x, middle + down
    return points


def dotted(points: Points) -> Image:
    """A grey picture with a white dot on each point."""
    picture = np.full((STORED_PX, STORED_PX, 3), 60, np.uint8)
    for x, y in np.rint(points).astype(int):
        picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    return picture


def brightness_at(picture: Image, points: Points) -> np.ndarray:
    x, y = np.rint(points).astype(int).T
    return picture[y, x, 0]


@pytest.mark.parametrize("factor", [1.3, 2.2])
def test_a_mouth_opened_further_takes_its_lower_lip_along(factor: float) -> None:
    before = mouth_points(gap=9)
    seen, after = opened_further(dotted(before), before, factor)
    middle = [MOUTH[k] for k in (62, 66, 57)]
    gap_before, lip_before = np.diff(before[middle, 1])
    gap_after, lip_after = np.diff(after[middle, 1])
    assert gap_after == pytest.approx(factor * gap_before, rel=0.05)
    assert lip_after == pytest.approx(lip_before, abs=0.5)
    assert (brightness_at(seen, after) > 150).all()
    above = [k for k in range(20) if k not in BELOW]
    np.testing.assert_array_equal(after[above], before[above])


def test_a_shut_mouth_cannot_be_opened_by_stretching() -> None:
    points = mouth_points(gap=0)
    picture = dotted(points)
    seen, where = opened_further(picture, points, 2.0)
    np.testing.assert_array_equal(seen, picture)
    np.testing.assert_array_equal(where, points)


def test_mirrored_twice_is_as_before() -> None:
    points = mouth_points(gap=9)
    picture = dotted(points)
    once = mirrored_mouth(picture, points)
    assert (brightness_at(*once) > 150).all()
    seen, where = mirrored_mouth(*once)
    np.testing.assert_array_equal(seen, picture)
    np.testing.assert_allclose(where, points)


def test_labels_follow_the_jitter(rng: np.random.Generator) -> None:
    points = mouth_points(gap=9)
    for _ in range(8):
        seen, where = jittered(dotted(points), points, 64, CALM, rng)
        inside = ((where > 1) & (where < 62)).all(axis=1)
        assert inside.sum() > 10
        assert (brightness_at(seen, where[inside]) > 100).all()


def face_with(pupil: float, gap: float) -> Points:
    """A face (74, 2) with pupils so many eye widths, and lips so many corner distances, off."""
    points = np.random.default_rng(0).uniform(40, 160, (74, 2)).astype(np.float32)
    points[[36, 39, 42, 45]] = (50, 80), (80, 80), (120, 80), (150, 80)
    points[[72, 73]] = (65 + 30 * pupil, 80), (135 + 30 * pupil, 80)
    points[[48, 54]] = (80, 130), (120, 130)
    points[[62, 66]] = (100, 130), (100, 130 + 100 * gap)
    return points


def test_far_gazes_and_wide_mouths_are_rare() -> None:
    calm, far = face_with(0.0, 0.0), face_with(0.22, 0.45)
    for part in FacePart:
        assert rarity(calm, part) == 0
        assert rarity(far, part) >= 5
    assert rarity(face_with(0.0, 0.31), FacePart.MOUTH) == GAP_BINS.index(0.3) + 1


def test_both_eyes_of_a_face_become_right_eyes(rng: np.random.Generator) -> None:
    face = face_with(0.15, 0.0)
    picture = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    right, left = cut_parts(picture, face, FacePart.RIGHT_EYE, identity="a", kind="clip")
    assert pupil_across(right.points) == pytest.approx(0.15, abs=0.01)
    assert pupil_across(left.points) == pytest.approx(-0.15, abs=0.01)  # mirrored
    for sample in (right, left):
        assert sample.pixels().shape == (STORED_PX, STORED_PX, 3)
        assert sample.points.shape == (len(POINTS_OF[FacePart.RIGHT_EYE]), 2)


def test_patches_come_from_the_generator_alone() -> None:
    points = mouth_points(gap=9)
    sample = PartSample(
        jpeg=encode_jpeg(dotted(points)), points=points, identity="a", kind="clip", rarity=0
    )
    one, two = (
        make_patch(sample, 64, PatchAugment(), np.random.default_rng(3), is_mouth=True)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_rare_shapes_are_drawn_oftener_than_they_occur(rng: np.random.Generator) -> None:
    jpeg, points = np.zeros(1, np.uint8), mouth_points(gap=0)
    samples = [
        PartSample(jpeg=jpeg, points=points, identity=str(n % 7), kind="clip", rarity=int(n < 10))
        for n in range(1000)
    ]
    draw = RareSampler(samples, {"clip": 1.0})
    drawn = Counter(draw(rng).rarity for _ in range(2000))
    assert 0.08 < drawn[1] / 2000 < 0.25  # 1 % of the samples
