from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from painted import FACE

from animate_cli.faces.points import FACING_LIDS, FACING_LIPS
from animate_cli.faces.tracking import registration as registering
from animate_cli.faces.tracking.reference_frames import INTERVAL_S
from animate_cli.faces.tracking.registration import (
    HALF_WINDOW_S,
    PointRegistration,
    smooth_registration,
)
from animate_cli.records import Frame, Image, Points

WIDTH, HEIGHT = 480, 400
ERROR_PX = 1.2  # of a network
FREE = [k for k in range(74) if k not in {k for pair in (*FACING_LIDS, *FACING_LIPS) for k in pair}]


def skin(seed: int = 0) -> Image:
    """A picture whose every patch can be told from its neighbours."""
    rng = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (0, 0), 3)
    broad = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (0, 0), 12)
    return np.clip(128 + 500 * fine + 500 * broad, 0, 255).astype(np.uint8)


def standing() -> Points:
    """The face's points in `skin`."""
    return (110 * FACE + (230, 190)).astype(np.float32)


def moved(picture: Image, matrix: np.ndarray) -> Image:
    return cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)


def turned(degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    matrix = cv2.getRotationMatrix2D((230.0, 190.0), degrees, scale)
    matrix[:, 2] += shift
    return matrix


def at(points: Points, matrix: np.ndarray) -> Points:
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def seen(points: Points, rng: np.random.Generator, sigma: float = ERROR_PX) -> Points:
    """As a network that errs names them."""
    return points + rng.normal(0, sigma, points.shape).astype(np.float32)


def off(a: Points, b: Points) -> float:
    """Mean distance of the points that do not face another."""
    return float(np.linalg.norm(a - b, axis=1)[FREE].mean())


@pytest.fixture
def register() -> PointRegistration:
    one = PointRegistration()
    assert not one(frame(skin(), 0), standing()).any()
    return one


def frame(picture: Image, time_s: Fraction | int) -> Frame:
    return Frame(pixels=picture, index=0, time_s=Fraction(time_s))


def registered(register: PointRegistration, picture: Image, points: Points) -> Points:
    """A second later."""
    return points + register(frame(picture, 1), points)


@pytest.mark.parametrize(
    "matrix",
    [
        turned(0, 1, (0, 0)),
        turned(8, 1.1, (12, -7)),
        turned(-15, 0.8, (-20, 10)),
    ],
)
def test_points_come_back_to_the_same_spot(register, matrix) -> None:
    truth = at(standing(), matrix)
    named = seen(truth, np.random.default_rng(1))
    found = registered(register, moved(skin(), matrix), named)
    assert off(found, truth) < 0.25 * off(named, truth)


def test_a_part_that_moves_by_itself_is_followed(register) -> None:
    """As a brow is raised: the map of the whole face does not know of it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    brows = standing()[17:27]
    middle = brows.mean(axis=0)
    bump = 4 * np.exp(-(((x - middle[0]) / 80) ** 2 + ((y - middle[1]) / 25) ** 2))
    picture = cv2.remap(skin(), x, y + bump, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found = registered(register, picture, standing())
    rise = standing()[17:27, 1] - found[17:27, 1]
    lift = 4 * np.exp(-(((brows[:, 0] - middle[0]) / 80) ** 2))
    np.testing.assert_allclose(rise, lift, atol=0.7)


def test_light_that_changes_moves_next_to_nothing(register) -> None:
    dim = (skin() * 0.6 + 5).astype(np.uint8)
    assert off(registered(register, dim, standing()), standing()) < ERROR_PX / 3


@pytest.mark.parametrize("strange", [skin(7), np.full((HEIGHT, WIDTH, 3), 90, np.uint8)])
def test_what_was_not_seen_before_moves_next_to_nothing(register, strange) -> None:
    named = seen(standing(), np.random.default_rng(2))
    assert off(registered(register, strange, named), named) < ERROR_PX / 3


def test_a_hand_before_the_mouth_leaves_its_points_and_not_the_others(register) -> None:
    rng = np.random.default_rng(3)
    named = seen(standing(), rng)
    picture = skin()
    x0, y0 = standing()[48:68].min(axis=0).astype(int) - 14
    x1, y1 = standing()[48:68].max(axis=0).astype(int) + 14
    picture[y0:y1, x0:x1] = skin(5)[y0:y1, x0:x1]
    found = registered(register, picture, named)
    lips = slice(48, 60)
    assert np.linalg.norm((found - named)[lips], axis=1).mean() < ERROR_PX / 3
    brows = slice(17, 27)
    error = np.linalg.norm((found - standing())[brows], axis=1).mean()
    assert error < 0.3 * np.linalg.norm((named - standing())[brows], axis=1).mean()


def test_how_far_eyes_and_mouth_are_open_stays(register) -> None:
    named = seen(standing(), np.random.default_rng(4))
    found = registered(register, skin(), named)
    upper, lower = np.array((*FACING_LIDS, *FACING_LIPS)).T
    np.testing.assert_allclose(found[lower] - found[upper], named[lower] - named[upper], atol=1e-3)
    assert np.abs(found - named)[upper].max() > 0.3  # they moved, together


def test_an_iris_that_moves_takes_no_lid_along(register) -> None:
    """A gaze that turns: what lies between the lids moves, the eyes' corners and all else stay."""
    picture = skin()
    lids = [37, 38, 40, 41, 68, 69]
    x0, y0 = standing()[lids].min(axis=0).astype(int)
    x1, y1 = standing()[lids].max(axis=0).astype(int)
    picture[y0 - 6 : y1 + 6, x0:x1] = skin()[y0 - 6 : y1 + 6, x0 - 3 : x1 - 3]
    found = registered(register, picture, standing())
    assert np.abs(found - standing())[lids].max() < 0.5


def test_no_point_goes_far(register) -> None:
    named = standing() + np.float32(30) * np.array([np.sin(np.arange(74)), np.cos(np.arange(74))]).T
    named = named.astype(np.float32)
    pixel = 1.5 * 1.24 * 110 / registering.SIZE  # of the view, in frame pixels
    shift = np.linalg.norm(registered(register, skin(), named) - named, axis=1)
    assert shift.max() <= 1.5 * pixel * registering.MAX_SHIFT_PX


def test_a_face_over_the_edge_of_the_picture_stays_finite(register) -> None:
    matrix = turned(0, 1, (-200, 120))
    found = registered(register, moved(skin(), matrix), at(standing(), matrix))
    assert np.isfinite(found).all()
    assert np.abs(found - at(standing(), matrix)).max() < 10


def test_a_large_picture_is_registered_as_a_small_one() -> None:
    large = cv2.resize(skin(), (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    points = (4 * (standing() + 0.5) - 0.5).astype(np.float32)
    register = PointRegistration()
    register(frame(large, 0), points)
    named = seen(points, np.random.default_rng(6), 4 * ERROR_PX)
    assert off(registered(register, large, named), points) < 0.25 * off(named, points)


def test_another_shot_has_a_reference_of_its_own(register) -> None:
    register.restart()
    register(frame(skin(9), 0), standing())
    named = seen(standing(), np.random.default_rng(8))
    assert off(registered(register, skin(9), named), standing()) < 0.25 * off(named, standing())


def test_frames_that_follow_closely_are_not_looked_at(register) -> None:
    due = [register(frame(skin(), Fraction(i, 30)), standing()) for i in range(1, 8)]
    asked = [bool(np.isfinite(shift).all()) for shift in due]
    assert asked == [Fraction(i, 30) % INTERVAL_S == 0 for i in range(1, 8)]
    assert sum(asked) == 2


def calmed(shifts: np.ndarray, *, found: np.ndarray, cut: np.ndarray) -> dict[int, np.ndarray]:
    """At 30 frames a second."""
    times_s = [Fraction(i, 30) for i in range(len(shifts))]
    return dict(smooth_registration(shifts.astype(np.float16), found, cut, times_s))


def test_shifts_that_tremble_are_averaged_and_those_that_last_stay() -> None:
    rng = np.random.default_rng(0)
    shifts = 2 + rng.normal(0, 0.5, (40, 74, 2))
    out = calmed(shifts, found=np.ones(40, bool), cut=np.zeros(40, bool))
    assert list(out) == list(range(40))
    calm_ones = np.stack(list(out.values()))
    assert abs(calm_ones.mean() - 2) < 0.05
    assert np.diff(calm_ones, axis=0).std() < 0.3 * np.diff(shifts, axis=0).std()


def test_nothing_is_averaged_over_a_cut_nor_over_a_lost_face() -> None:
    shifts = np.zeros((30, 74, 2))
    shifts[10:20], shifts[21:] = 4, 1
    found, cut = np.ones(30, bool), np.zeros(30, bool)
    found[20], cut[10] = False, True
    out = calmed(shifts, found=found, cut=cut)
    assert 20 not in out
    for frame, value in {9: 0, 10: 4, 19: 4, 21: 1}.items():
        np.testing.assert_allclose(out[frame], value, atol=1e-3)


def test_frames_far_apart_keep_their_own_shifts() -> None:
    shifts = np.arange(3, dtype=np.float16)[:, None, None] * np.ones((3, 74, 2), np.float16)
    times_s = [Fraction(2 * i) * Fraction(HALF_WINDOW_S) for i in range(3)]
    out = dict(smooth_registration(shifts, np.ones(3, bool), np.zeros(3, bool), times_s))
    assert [float(out[i].mean()) for i in range(3)] == [0, 1, 2]


def test_frames_that_were_not_looked_at_lie_between_those_that_were() -> None:
    shifts = np.full((13, 74, 2), np.nan)
    shifts[::3] = np.arange(0, 13, 3)[:, None, None]
    out = calmed(shifts, found=np.ones(13, bool), cut=np.zeros(13, bool))
    values = np.array([out[i].mean() for i in range(13)])
    np.testing.assert_allclose(values[3:10], np.arange(3, 10), atol=0.6)
    assert (np.diff(values) >= -1e-6).all()


def test_where_none_is_known_nothing_is_added() -> None:
    shifts = np.full((4, 74, 2), np.nan)
    out = calmed(shifts, found=np.ones(4, bool), cut=np.zeros(4, bool))
    assert not np.stack(list(out.values())).any()
