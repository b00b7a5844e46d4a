"""Pairs of frames: what is shared by both, and what steers the draw."""

from __future__ import annotations

import numpy as np
import pytest

from animate_cli.train.samples.pairs import (
    ClipFrames,
    PairAugment,
    PairSampler,
    cut_pair,
    unaugmented,
)
from animate_cli.train.samples.samples import encode_jpeg

SIDE = 96


def clip(identity: str = "a", frames: int = 6, step: float = 4.0) -> ClipFrames:
    """A white square that walks to the right, its corners among the landmarks."""
    jpegs, points = [], []
    for k in range(frames):
        picture = np.full((SIDE, SIDE, 3), 60, np.uint8)
        x = round(20 + step * k)
        picture[30:60, x : x + 30] = 220
        jpegs.append(encode_jpeg(picture))
        spread = np.linspace(0, 29, 74)
        points.append(np.stack((x + spread, 30 + spread), axis=1))
    return ClipFrames(
        jpegs=tuple(jpegs), points=np.stack(points).astype(np.float32), identity=identity
    )


def test_untouched_is_the_frame_as_it_is() -> None:
    walk = clip()
    pair = unaugmented(walk, 0, 3, SIDE)
    np.testing.assert_array_equal(pair.source, walk.pixels(0))
    np.testing.assert_allclose(pair.driver_px, walk.points[3], atol=1e-4)


@pytest.mark.parametrize("lean", [0.0, 0.06])
@pytest.mark.parametrize("seed", range(8))
def test_landmarks_stay_on_what_they_mark(seed: int, lean: float) -> None:
    config = PairAugment(size=SIDE, noise_px=0, colour=0, stretch=lean, roll_deg=100 * lean)
    pair = cut_pair(clip(), 0, 5, config, np.random.default_rng(seed))
    for picture, points in ((pair.source, pair.source_px), (pair.driver, pair.driver_px)):
        x, y = points[37].round().astype(int)
        assert picture[np.clip(y, 0, SIDE - 1), np.clip(x, 0, SIDE - 1)].min() > 180


@pytest.mark.parametrize("seed", range(4))
def test_both_frames_share_square_and_light(seed: int) -> None:
    config = PairAugment(size=SIDE, colour=0.4)
    pair = cut_pair(clip(), 2, 2, config, np.random.default_rng(seed))
    np.testing.assert_array_equal(pair.source, pair.driver)
    assert 0 < np.abs(pair.source_px - pair.driver_px).max() < 2  # their noise is their own


def test_a_stretched_square_changes_a_faces_proportions() -> None:
    def ratio(seed: int) -> float:
        config = PairAugment(size=SIDE, noise_px=0, mirror=0, stretch=0.1)
        points = cut_pair(clip(), 0, 1, config, np.random.default_rng(seed)).source_px
        width, height = np.ptp(points, axis=0)
        return float(width / height)

    ratios = [ratio(seed) for seed in range(12)]  # a square's is 1 in any upright square
    assert min(ratios) < 0.93
    assert max(ratios) > 1.07


def test_bias_is_alike_in_both_frames_and_noise_is_not() -> None:
    exact = PairAugment(size=SIDE, noise_px=0)
    biased = PairAugment(size=SIDE, noise_px=0, bias_px=3.0)
    true = cut_pair(clip(), 0, 4, exact, np.random.default_rng(1))
    pair = cut_pair(clip(), 0, 4, biased, np.random.default_rng(1))
    np.testing.assert_allclose(
        pair.driver_px - pair.source_px, true.driver_px - true.source_px, atol=1e-4
    )
    assert np.abs(pair.source_px - true.source_px).std() > 0.3


def test_far_pairs_are_farther() -> None:
    def mean_distance(far: float) -> float:
        draw, rng = PairSampler([clip(frames=16, step=2)]), np.random.default_rng(0)
        config = PairAugment(size=SIDE, far_pair_prob=far, zoom=1, shift=0, mirror=0)
        pairs = [draw(config, rng) for _ in range(100)]
        return float(np.mean([np.abs(p.source_px - p.driver_px).mean() for p in pairs]))

    assert mean_distance(1.0) > 1.15 * mean_distance(0.0)


def test_parted_pairs_go_from_a_shut_mouth_to_an_open_one() -> None:
    talk = clip(frames=16, step=0)
    talk.points[:, [67, 66, 65], 1] += np.linspace(0, 9, 16)[:, None]

    def opens(prob: float) -> float:
        draw, rng = PairSampler([talk]), np.random.default_rng(0)
        config = PairAugment(size=SIDE, open_mouth_prob=prob, zoom=1, shift=0, mirror=0, noise_px=0)
        pairs = [draw(config, rng) for _ in range(60)]
        return float(np.mean([p.driver_px[66, 1] - p.source_px[66, 1] for p in pairs]))

    assert abs(opens(0.0)) < 1.5
    assert opens(1.0) > 5


def test_nobody_is_drawn_by_the_number_of_frames_alone() -> None:
    many, few = clip("many", frames=14, step=0), clip("few", frames=2, step=0)
    draw, rng = PairSampler([many, few]), np.random.default_rng(0)
    config = PairAugment(
        size=SIDE, mirror=0, zoom=1, shift=0, noise_px=0, colour=0, far_pair_prob=0
    )
    few.points[:] += 1
    drawn = [draw(config, rng).source_px[0, 0] > 20.5 for _ in range(300)]
    assert 0.18 < np.mean(drawn) < 0.38  # by frames it would be .125, by person .5


def test_the_same_seed_draws_the_same() -> None:
    draw, config = PairSampler([clip()]), PairAugment(size=SIDE)
    one, other = (draw(config, np.random.default_rng(4)) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_pair_says_what_the_body_does_unless_nobody_looked() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    walk = clip()
    jpegs = tuple(encode_jpeg(np.roll(noise, 3 * k, axis=1)) for k in range(len(walk.points)))
    still = np.repeat(walk.points[:1], len(jpegs), axis=0)
    textured = ClipFrames(jpegs=jpegs, points=still, identity="a")
    assert np.abs(unaugmented(textured, 0, 1, SIDE, with_body=True).body).max() > 0.01
    bodiless = PairAugment(size=SIDE, no_body_prob=1)
    assert not cut_pair(textured, 0, 1, bodiless, rng).body.any()
