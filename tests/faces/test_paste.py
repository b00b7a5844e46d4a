"""Pasting a square: an exact copy if nothing moved, without a seam otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from animate_cli.errors import OptionError
from animate_cli.faces.crop import cut, square
from animate_cli.faces.paste import Paster, output_scale, resize, side_by_side
from animate_cli.records import Crop, Image

PLACES = {
    "inside": (12, 9, 40),
    "over the left edge": (-10, 5, 50),
    "over the right and lower edge": (60, 40, 50),
    "larger than the photo": (-20, -30, 150),
    "the whole height": (10, 0, 70),
}


def _photo() -> Image:
    return np.random.default_rng(1).integers(0, 256, (70, 90, 3), dtype=np.uint8)


def _crop(name: str) -> Crop:
    left, top, size = PLACES[name]
    return Crop(crop_to_frame=np.array([[1.0, 0.0, left], [0.0, 1.0, top]]), size=size)


@pytest.mark.parametrize("place", PLACES)
def test_cutting_and_pasting_gives_the_photo(place: str) -> None:
    photo, crop = _photo(), _crop(place)
    assert np.array_equal(Paster(photo, crop).paste(cut(photo, crop)), photo)


@pytest.mark.parametrize("place", PLACES)
def test_nothing_outside_the_square_changes(place: str) -> None:
    photo, crop = _photo(), _crop(place)
    frame = Paster(photo, crop).paste(np.full((crop.size, crop.size, 3), 7, np.uint8))
    left, top, size = PLACES[place]
    changed = (frame != photo).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert len(rows)
    assert rows.min() >= top
    assert rows.max() < top + size
    assert columns.min() >= left
    assert columns.max() < left + size


def test_a_square_that_equals_the_photo_at_its_edges_is_copied() -> None:
    photo, crop = _photo(), _crop("inside")
    moved = cut(photo, crop)
    moved[1:-1, 1:-1] = 255 - moved[1:-1, 1:-1]
    frame = Paster(photo, crop).paste(moved)
    assert np.array_equal(frame[9:49, 12:52], moved)


def test_any_other_square_is_blended_in() -> None:
    photo = np.full((200, 200, 3), 100, np.uint8)
    crop = Crop(crop_to_frame=np.array([[1.0, 0, 20], [0, 1.0, 20]]), size=160)
    frame = Paster(photo, crop).paste(np.full((160, 160, 3), 160, np.uint8)).astype(int)
    assert frame[100, 20].tolist() == [100, 100, 100]
    assert frame[100, 100].tolist() == [160, 160, 160]
    assert np.abs(np.diff(frame[100, :, 0])).max() < 30


def test_the_photos_own_edges_are_not_blended() -> None:
    photo = np.zeros((50, 80, 3), np.uint8)
    crop = Crop(crop_to_frame=np.array([[1.0, 0, 15], [0, 1.0, 0]]), size=50)
    frame = Paster(photo, crop).paste(np.full((50, 50, 3), 200, np.uint8))
    assert (frame[[0, -1], 30:50] == 200).all()
    assert (frame[:, 15] < 200).all()


def test_each_frame_is_a_new_array() -> None:
    photo, crop = _photo(), _crop("inside")
    paster = Paster(photo, crop)
    first = paster.paste(np.zeros((40, 40, 3), np.uint8))
    kept, untouched = first.copy(), photo.copy()
    second = paster.paste(np.full((40, 40, 3), 255, np.uint8))
    assert np.array_equal(first, kept)
    assert np.array_equal(photo, untouched)
    assert not np.shares_memory(first, second)


def test_a_square_that_is_not_on_whole_pixels_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="whole photo pixels"):
        Paster(_photo(), square((40, 30), 30, 30, roll_deg=10))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("source", (601, 400)),
        ("1080p", (1920, 1278)),
        ("4k", (3840, 2556)),
        ("300", (300, 200)),
    ],
)
def test_output_scale_keeps_the_shape(size: str, expected: tuple[int, int]) -> None:
    assert output_scale(size, 601, 400) == expected


def test_the_long_side_of_an_upright_photo_is_its_height() -> None:
    assert output_scale("1080p", 1000, 2000) == (960, 1920)


@pytest.mark.parametrize("size", ["", "huge", "-5", "0", "3", "1e3", "99999999", "4K!", "²"])
def test_other_sizes_are_an_error(size: str) -> None:
    with pytest.raises(OptionError) as caught:
        output_scale(size, 640, 480)
    assert "choose" in caught.value.hint


@pytest.mark.parametrize(("width", "height"), [(45, 35), (180, 140), (90, 70)])
def test_resizing_keeps_colours_and_gives_the_size(width: int, height: int) -> None:
    flat = np.full((70, 90, 3), (10, 120, 240), np.uint8)
    out = resize(flat, width, height)
    assert out.shape == (height, width, 3)
    assert (out == (10, 120, 240)).all()


def test_panels_have_the_results_height() -> None:
    result = _photo()
    out = side_by_side(np.zeros((140, 100, 3), np.uint8), np.zeros((35, 60, 3), np.uint8), result)
    assert out.shape == (70, 50 + 120 + 90, 3)
    assert np.array_equal(out[:, -90:], result)
