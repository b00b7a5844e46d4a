"""People before other backgrounds: they move, what lies behind them does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from animate_cli.records import Image
from animate_cli.train.samples.background_swap import (
    Backgrounds,
    BackgroundSampler,
    composite_over,
    every_nth_frame,
    read_backgrounds,
)
from animate_cli.train.samples.pairs import ClipFrames, PairAugment
from animate_cli.train.samples.samples import TrainingClip, decode_jpeg, encode_jpeg

SIZE = 96
RED, GREEN, BLUE = (200, 40, 40), (40, 200, 40), (40, 40, 200)
STILL = PairAugment(size=SIZE, mirror=0, zoom=1, shift=0, colour=0, noise_px=0, far_pair_prob=0)


def disc(x: int) -> tuple[Image, np.ndarray]:
    """A red disc on green, and its labels."""
    pixels = np.full((SIZE, SIZE, 3), GREEN, np.uint8)
    cv2.circle(pixels, (x, 48), 24, RED, -1)
    return pixels, np.where(np.all(pixels == RED, axis=-1), 1, 0).astype(np.uint8)


def person(frames: int = 6) -> ClipFrames:
    """A disc that goes to the right, 4 px a frame; its landmarks lie on it."""
    shown = [disc(30 + 4 * t) for t in range(frames)]
    angle = np.linspace(0, 2 * np.pi, 74, endpoint=False)
    ring = 20 * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    middles = np.array([(30 + 4 * t, 48) for t in range(frames)], np.float32)
    return ClipFrames(
        jpegs=tuple(encode_jpeg(pixels) for pixels, _ in shown),
        points=(ring + middles[:, None]).astype(np.float32),
        identity="disc",
        parts=tuple(cv2.imencode(".png", labels)[1] for _, labels in shown),
    )


def near(pixels: Image, colour: tuple[int, int, int], within: int = 30) -> np.ndarray:
    return np.abs(pixels.astype(int) - colour).max(axis=-1) < within


def test_the_person_stays_and_the_rest_is_the_backdrop() -> None:
    pixels, labels = disc(48)
    behind = np.full_like(pixels, BLUE)
    mixed = composite_over(pixels, labels, behind)
    assert near(mixed, RED)[cv2.erode(labels, np.ones((9, 9))) > 0].all()
    assert near(mixed, BLUE)[cv2.dilate(labels, np.ones((9, 9))) == 0].all()
    assert not near(mixed, GREEN).any()  # nothing of the old background, not even at the edge


def test_in_a_pair_the_person_moves_and_the_backdrop_does_not() -> None:
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.integers(0, 255, (12, 12, 3)).astype(np.uint8), (SIZE, SIZE))
    texture[..., 0] //= 3
    draw = BackgroundSampler([person()], Backgrounds([encode_jpeg(texture)]))
    pair = next(
        pair
        for pair in (draw(STILL, rng) for _ in range(50))
        if abs(pair.source_px[0, 0] - pair.driver_px[0, 0]) > 8
    )
    bodies = [cv2.dilate(near(p, RED, 60).astype(np.uint8), np.ones((7, 7))) for p in pair[:2]]
    outside = (bodies[0] | bodies[1]) == 0
    apart = np.abs(pair.source.astype(int) - pair.driver).max(axis=-1)
    assert outside.mean() > 0.3
    assert apart[outside].max() <= 12  # resampling by less than a pixel
    assert apart[(bodies[0] ^ bodies[1]) > 0].mean() > 30
    assert pair.source_parts.size == 0


def test_backdrops_show_nobody_and_differ() -> None:
    pixels, _ = disc(48)
    rows = [TrainingClip(path=None, kind="clip", identity="no picture")]  # type: ignore[arg-type]
    clip = ClipFrames(
        jpegs=(encode_jpeg(pixels),), points=np.zeros((1, 74, 2), np.float32), identity=""
    )

    def parse(frame: Image) -> np.ndarray:
        return near(frame, RED, 70).astype(np.uint8)

    (jpeg,) = read_backgrounds(rows, [clip], parse)
    assert near(decode_jpeg(jpeg), GREEN, 40).all()
    backdrops, rng = Backgrounds([jpeg]), np.random.default_rng(0)
    drawn = [backdrops.sample(rng) for _ in range(12)]
    furnished = [np.ptp(one.reshape(-1, 3), axis=0).max() > 60 for one in drawn]
    assert 1 < sum(furnished) < 12
    assert len({len(one) for one in drawn}) > 3


def test_a_picture_full_of_people_is_no_backdrop() -> None:
    clip = ClipFrames(
        jpegs=(encode_jpeg(np.full((SIZE, SIZE, 3), RED, np.uint8)),),
        points=np.zeros((1, 74, 2), np.float32),
        identity="",
    )
    assert not list(read_backgrounds([], [clip], lambda f: np.ones(f.shape[:2], np.uint8)))


@pytest.mark.parametrize("stride", [1, 4])
def test_thinned_keeps_frames_with_what_belongs_to_them(stride: int) -> None:
    clip = person()
    few = every_nth_frame(clip, stride)
    assert len(few.jpegs) == len(few.points) == len(few.parts) == len(range(0, 6, stride))
    assert np.array_equal(few.points[-1], clip.points[range(0, 6, stride)[-1]])
