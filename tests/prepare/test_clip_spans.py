"""Clips end where the face leaves its first place; their square holds all its places."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_world import canonical_points

from animate_cli.faces.crop import face_square, to_crop
from animate_cli.prepare.clip_spans import boxes_of, find_spans, overlap, union_square
from animate_cli.prepare.options import PrepareOptions
from animate_cli.records import Points, Trajectory

SIZE = 2000
CHOICES = PrepareOptions(least_frames=1, size=64, least_px=64)


def faces(x: list[float], y: float = 1000, radius: float = 100) -> Points:
    return np.stack([canonical_points() * radius + (at, y) for at in x]).astype(np.float32)


def trajectory(points: Points, *, lost: tuple[int, ...] = (), cuts: tuple[int, ...] = ()):
    frames = np.arange(len(points))
    return Trajectory(
        landmarks=points,
        confidence=np.ones((len(points), 74), np.float32),
        found=~np.isin(frames, lost),
        cut=np.isin(frames, cuts),
        times_s=tuple(Fraction(int(n), 25) for n in frames),
        rate=Fraction(25),
        width=SIZE,
        height=SIZE,
        driver="toy.mp4",
        sha256="",
    )


def stretches(found) -> list[tuple[int, int]]:
    return [(span.start, span.stop) for span in found.spans]


boxes = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] * 2).map(
    lambda b: np.array((b[0], b[1], b[0] + b[2], b[1] + b[3]), np.float32)
)


@given(boxes, boxes)
def test_overlap_counts_pixels(a, b):
    def pixels(box):
        x0, y0, x1, y1 = box.astype(int)
        return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}

    share = len(pixels(a) & pixels(b)) / len(pixels(a) | pixels(b))
    assert overlap(a[None], b)[0] == pytest.approx(share, abs=1e-6)


def test_a_still_face_gives_one_clip_in_the_square_of_use():
    points = faces([1000] * 30)
    (span,) = find_spans(trajectory(points), CHOICES).spans
    usual = face_square(points[0], SIZE, SIZE)
    assert (span.start, span.stop, span.square.size) == (0, 30, usual.size)
    assert np.array_equal(span.square.crop_to_frame, usual.crop_to_frame)


def test_a_face_that_leaves_its_place_begins_a_new_clip():
    points = faces([1000.0 + 10 * n for n in range(40)])
    boxes = boxes_of(points)
    found = find_spans(trajectory(points), CHOICES)
    assert len(found.spans) > 1
    assert [span.start for span in found.spans[1:]] == [span.stop for span in found.spans[:-1]]
    for span in found.spans:
        inside = overlap(boxes[span.start : span.stop], boxes[span.start])
        assert inside.min() >= CHOICES.least_iou
        if span.stop < len(points):
            assert overlap(boxes[span.stop][None], boxes[span.start]) < CHOICES.least_iou


def test_clips_end_where_the_face_is_lost_and_where_the_shot_changes():
    found = find_spans(trajectory(faces([1000] * 20), lost=(5, 6), cuts=(12,)), CHOICES)
    assert stretches(found) == [(0, 5), (7, 12), (12, 20)]


def test_long_ones_are_divided_and_short_ones_counted():
    choices = PrepareOptions(least_frames=4, most_frames=6, size=64, least_px=64)
    found = find_spans(trajectory(faces([1000] * 15)), choices)
    assert stretches(found) == [(0, 6), (6, 12)]
    assert (found.short, found.small) == (3, 0)


@pytest.mark.parametrize("wish", [{"size": 256, "least_px": 64}, {"size": 64, "least_px": 256}])
def test_small_faces_are_counted_not_enlarged(wish):
    found = find_spans(
        trajectory(faces([1000] * 5, radius=50)), PrepareOptions(least_frames=1, **wish)
    )
    assert (found.spans, found.small) == ([], 5)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(500, 900), st.sampled_from("....lc")), min_size=1, max_size=25),
    st.integers(1, 4),
)
def test_every_frame_is_in_one_clip_or_counted(film, least):
    lost, cuts = ([n for n, (_, what) in enumerate(film) if what == mark] for mark in "lc")
    points = faces([float(x) for x, _ in film])
    choices = PrepareOptions(least_frames=least, most_frames=6, size=64, least_px=64)
    found = find_spans(trajectory(points, lost=tuple(lost), cuts=tuple(cuts)), choices)
    kept = [frame for span in found.spans for frame in range(span.start, span.stop)]
    assert kept == sorted(set(kept) - set(lost))
    assert len(kept) + found.short + found.small == len(points) - len(lost)


@settings(max_examples=50)
@given(
    st.lists(st.floats(-60, 60), min_size=1, max_size=8),
    st.floats(300, 1700),
    st.floats(300, 1700),
    st.floats(40, 120),
)
def test_the_square_holds_every_place_of_the_face(moves, x, y, radius):
    points = faces([x + move for move in moves], y, radius)
    square = union_square(points, SIZE, SIZE)
    inside = to_crop(points.reshape(-1, 2), square)
    assert inside.min() >= 0
    assert inside.max() <= square.size - 1
