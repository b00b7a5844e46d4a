"""The anchor is the frame most like the source, among those with a face."""

from __future__ import annotations

import numpy as np
import pytest

from animate_cli.errors import FaceError, OptionError
from animate_cli.faces.points import FACING_LIDS
from animate_cli.faces.retargeting.anchor import choose_anchor, dissimilarity
from animate_cli.records import Points

FRAMES = 6


@pytest.fixture
def source() -> Points:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (74, 2)).astype(np.float32)
    points[[36, 39, 42, 45]] = (20, 40), (40, 40), (60, 40), (80, 40)
    points[[68, 69, 70, 71]] = (30, 36), (30, 44), (70, 36), (70, 44)
    points[[62, 66, 48, 54, 30, 8, 27]] = (
        *((50, 75), (50, 75), (35, 75), (65, 75)),
        *((50, 60), (50, 100), (50, 40)),
    )
    return points


@pytest.fixture
def driver(source: Points) -> Points:
    """Blink, open mouth, yaw, pitch, the source itself, brows: frame 4 is the source."""
    frames = np.repeat(source[None], FRAMES, axis=0)
    frames[0, [68, 70], 1] = 43
    frames[1, 66, 1] = 90
    frames[2, 30, 0] = 62
    frames[3, 30, 1] = 70
    frames[5, 17:27, 1] -= 12
    return frames


def test_auto_is_the_frame_most_similar_to_the_source(source: Points, driver: Points) -> None:
    assert choose_anchor(source, driver, np.ones(FRAMES, bool), "auto") == 4


@pytest.mark.parametrize("scale", [0.3, 4.0])
def test_place_and_size_do_not_count(source: Points, driver: Points, scale: float) -> None:
    moved = driver * np.float32(scale) + np.array([300, -50], np.float32)
    assert choose_anchor(source, moved, np.ones(FRAMES, bool), "auto") == 4
    np.testing.assert_allclose(
        dissimilarity(source, moved), dissimilarity(source, driver), rtol=1e-3, atol=1e-5
    )


def test_frames_without_a_face_are_never_chosen(source: Points, driver: Points) -> None:
    found = np.array([False, True, True, True, False, True])
    assert choose_anchor(source, driver, found, "auto") != 4
    assert choose_anchor(source, driver, found, "first") == 1


def test_a_number_is_that_frame(source: Points, driver: Points) -> None:
    assert choose_anchor(source, driver, np.ones(FRAMES, bool), "3") == 3


@pytest.mark.parametrize("spec", ["6", "-1", "1.5", "last", "", "²"])
def test_other_specs_are_an_error_with_a_hint(source: Points, driver: Points, spec: str) -> None:
    with pytest.raises(OptionError) as caught:
        choose_anchor(source, driver, np.ones(FRAMES, bool), spec)
    assert "frame" in caught.value.hint


def test_a_lost_frame_is_an_error_that_names_a_near_one(source: Points, driver: Points) -> None:
    found = np.array([True, True, True, False, True, True])
    with pytest.raises(OptionError, match="nearest frame with a face is 2"):
        choose_anchor(source, driver, found, "3")


def test_a_driver_without_a_face_is_an_error(source: Points, driver: Points) -> None:
    with pytest.raises(FaceError):
        choose_anchor(source, driver, np.zeros(FRAMES, bool), "auto")


def lids_at(points: Points, share: float) -> Points:
    """The same face with its lids' gaps multiplied by a share."""
    out = points.copy()
    for upper, lower in FACING_LIDS:
        middle, half = (points[upper] + points[lower]) / 2, (points[lower] - points[upper]) / 2
        out[upper], out[lower] = middle - share * half, middle + share * half
    return out


@pytest.mark.parametrize("usual", [0.5, 1.0, 1.6])
def test_half_shut_eyes_are_no_anchor_even_if_more_similar(source: Points, usual: float) -> None:
    """Apertures count relative to the driver's usual one, whether its eyes are narrow or wide."""
    frames = np.stack([lids_at(source, usual)] * 8)
    frames[:, 30, 0] += 3.0  # a slight turn
    for k, share in ((2, 0.6), (3, 0.1), (4, 0.6)):
        frames[k] = lids_at(source, share * usual)  # blinks without a rotation
    chosen = choose_anchor(source, frames, np.ones(8, bool), "auto")
    assert chosen not in (2, 3, 4)


def test_a_dropped_jaw_is_no_anchor_for_a_smile(source: Points) -> None:
    """Even if its lips are more similar: the chin would move into the face in later frames."""
    source[33] = (50, 66)
    smile = source.copy()
    smile[[62, 66]] = (50, 72), (50, 80)
    shut = np.repeat(source[None], FRAMES, axis=0)
    dropped = smile.copy()
    dropped[66, 1] += 2
    dropped[8, 1] += 14
    frames = np.concatenate([shut, dropped[None]])
    assert choose_anchor(smile, frames, np.ones(FRAMES + 1, bool), "auto") != FRAMES
    gaping = dropped.copy()
    gaping[66, 1] += 14
    frames[FRAMES] = gaping
    assert choose_anchor(gaping, frames, np.ones(FRAMES + 1, bool), "auto") == FRAMES
