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
    """A picture of distinct patches."""
    rng = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (0, 0), 3)
    broad = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH, 3)), (0, 0), 12)
    return np.clip(128 + 500 * fine + 500 * broad, 0, 255).astype(np.uint8)


def on_skin() -> Points:
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
    """The points with the errors of a landmark network."""
    return points + rng.normal(0, sigma, points.shape).astype(np.float32)


def off(a: Points, b: Points) -> float:
    """Mean distance of the points that belong to no facing pair."""
    return float(np.linalg.norm(a - b, axis=1)[FREE].mean())


@pytest.fixture
def register() -> PointRegistration:
    one = PointRegistration()
    assert not one(frame(skin(), 0), on_skin()).any()
    return one


def frame(picture: Image, time_s: Fraction | int) -> Frame:
    return Frame(pixels=picture, index=0, time_s=Fraction(time_s))


def registered(register: PointRegistration, picture: Image, points: Points) -> Points:
    """Registered points of a picture one second later."""
    return points + register(frame(picture, 1), points)


@pytest.mark.parametrize(
    "matrix",
    [
        turned(0, 1, (0, 0)),
        turned(8, 1.1, (12, -7)),
        turned(-15, 0.8, (-20, 10)),
    ],
)
def test_points_are_registered_with_the_same_spot(register, matrix) -> None:
    truth = at(on_skin(), matrix)
    noisy = seen(truth, np.random.default_rng(1))
    found = registered(register, moved(skin(), matrix), noisy)
    assert off(found, truth) < 0.25 * off(noisy, truth)


def test_a_part_that_moves_by_itself_is_registered(register) -> None:
    """A raised brow is not part of the affine map of the whole face."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    brows = on_skin()[17:27]
    middle = brows.mean(axis=0)
    bump = 4 * np.exp(-(((x - middle[0]) / 80) ** 2 + ((y - middle[1]) / 25) ** 2))
    picture = cv2.remap(skin(), x, y + bump, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found = registered(register, picture, on_skin())
    rise = on_skin()[17:27, 1] - found[17:27, 1]
    lift = 4 * np.exp(-(((brows[:, 0] - middle[0]) / 80) ** 2))
    np.testing.assert_allclose(rise, lift, atol=0.7)


def test_a_change_of_light_moves_points_very_little(register) -> None:
    dim = (skin() * 0.6 + 5).astype(np.uint8)
    assert off(registered(register, dim, on_skin()), on_skin()) < ERROR_PX / 3


@pytest.mark.parametrize("strange", [skin(7), np.full((HEIGHT, WIDTH, 3), 90, np.uint8)])
def test_a_changed_picture_moves_points_very_little(register, strange) -> None:
    noisy = seen(on_skin(), np.random.default_rng(2))
    assert off(registered(register, strange, noisy), noisy) < ERROR_PX / 3


def test_a_hand_before_the_mouth_leaves_its_points_and_not_the_others(register) -> None:
    rng = np.random.default_rng(3)
    noisy = seen(on_skin(), rng)
    picture = skin()
    x0, y0 = on_skin()[48:68].min(axis=0).astype(int) - 14
    x1, y1 = on_skin()[48:68].max(axis=0).astype(int) + 14
    picture[y0:y1, x0:x1] = skin(5)[y0:y1, x0:x1]
    found = registered(register, picture, noisy)
    lips = slice(48, 60)
    assert np.linalg.norm((found - noisy)[lips], axis=1).mean() < ERROR_PX / 3
    brows = slice(17, 27)
    error = np.linalg.norm((found - on_skin())[brows], axis=1).mean()
    assert error < 0.3 * np.linalg.norm((noisy - on_skin())[brows], axis=1).mean()


def test_apertures_of_eyes_and_mouth_are_kept(register) -> None:
    noisy = seen(on_skin(), np.random.default_rng(4))
    found = registered(register, skin(), noisy)
    upper, lower = np.array((*FACING_LIDS, *FACING_LIPS)).T
    np.testing.assert_allclose(found[lower] - found[upper], noisy[lower] - noisy[upper], atol=1e-3)
    assert np.abs(found - noisy)[upper].max() > 0.3  # they moved, together


def test_a_moving_iris_does_not_move_the_lids(register) -> None:
    """Pixels between the lids move; the corners of the eyes and all else stay."""
    picture = skin()
    lids = [37, 38, 40, 41, 68, 69]
    x0, y0 = on_skin()[lids].min(axis=0).astype(int)
    x1, y1 = on_skin()[lids].max(axis=0).astype(int)
    picture[y0 - 6 : y1 + 6, x0:x1] = skin()[y0 - 6 : y1 + 6, x0 - 3 : x1 - 3]
    found = registered(register, picture, on_skin())
    assert np.abs(found - on_skin())[lids].max() < 0.5


def test_shifts_are_limited(register) -> None:
    noisy = on_skin() + np.float32(30) * np.array([np.sin(np.arange(74)), np.cos(np.arange(74))]).T
    noisy = noisy.astype(np.float32)
    pixel = 1.5 * 1.24 * 110 / registering.SIZE  # of the view, in frame pixels
    shift = np.linalg.norm(registered(register, skin(), noisy) - noisy, axis=1)
    assert shift.max() <= 1.5 * pixel * registering.MAX_SHIFT_PX


def test_a_face_over_the_edge_of_the_picture_stays_finite(register) -> None:
    matrix = turned(0, 1, (-200, 120))
    found = registered(register, moved(skin(), matrix), at(on_skin(), matrix))
    assert np.isfinite(found).all()
    assert np.abs(found - at(on_skin(), matrix)).max() < 10


def test_a_large_picture_is_registered_as_a_small_one() -> None:
    large = cv2.resize(skin(), (4 * WIDTH, 4 * HEIGHT), interpolation=cv2.INTER_CUBIC)
    points = (4 * (on_skin() + 0.5) - 0.5).astype(np.float32)
    register = PointRegistration()
    register(frame(large, 0), points)
    noisy = seen(points, np.random.default_rng(6), 4 * ERROR_PX)
    assert off(registered(register, large, noisy), points) < 0.25 * off(noisy, points)


def test_another_shot_has_its_own_reference(register) -> None:
    register.restart()
    register(frame(skin(9), 0), on_skin())
    noisy = seen(on_skin(), np.random.default_rng(8))
    assert off(registered(register, skin(9), noisy), on_skin()) < 0.25 * off(noisy, on_skin())


def test_frames_within_the_interval_are_not_registered(register) -> None:
    due = [register(frame(skin(), Fraction(i, 30)), on_skin()) for i in range(1, 8)]
    asked = [bool(np.isfinite(shift).all()) for shift in due]
    assert asked == [Fraction(i, 30) % INTERVAL_S == 0 for i in range(1, 8)]
    assert sum(asked) == 2


def smoothed(shifts: np.ndarray, *, found: np.ndarray, cut: np.ndarray) -> dict[int, np.ndarray]:
    """Smoothed shifts at 30 frames per second, by frame number."""
    times_s = [Fraction(i, 30) for i in range(len(shifts))]
    return dict(smooth_registration(shifts.astype(np.float16), found, cut, times_s))


def test_noise_of_shifts_is_averaged_and_constant_shifts_are_kept() -> None:
    rng = np.random.default_rng(0)
    shifts = 2 + rng.normal(0, 0.5, (40, 74, 2))
    out = smoothed(shifts, found=np.ones(40, bool), cut=np.zeros(40, bool))
    assert list(out) == list(range(40))
    calm_ones = np.stack(list(out.values()))
    assert abs(calm_ones.mean() - 2) < 0.05
    assert np.diff(calm_ones, axis=0).std() < 0.3 * np.diff(shifts, axis=0).std()


def test_nothing_is_averaged_over_a_cut_nor_over_a_lost_face() -> None:
    shifts = np.zeros((30, 74, 2))
    shifts[10:20], shifts[21:] = 4, 1
    found, cut = np.ones(30, bool), np.zeros(30, bool)
    found[20], cut[10] = False, True
    out = smoothed(shifts, found=found, cut=cut)
    assert 20 not in out
    for frame, value in {9: 0, 10: 4, 19: 4, 21: 1}.items():
        np.testing.assert_allclose(out[frame], value, atol=1e-3)


def test_frames_far_apart_keep_their_own_shifts() -> None:
    shifts = np.arange(3, dtype=np.float16)[:, None, None] * np.ones((3, 74, 2), np.float16)
    times_s = [Fraction(2 * i) * Fraction(HALF_WINDOW_S) for i in range(3)]
    out = dict(smooth_registration(shifts, np.ones(3, bool), np.zeros(3, bool), times_s))
    assert [float(out[i].mean()) for i in range(3)] == [0, 1, 2]


def test_frames_without_shifts_are_interpolated() -> None:
    shifts = np.full((13, 74, 2), np.nan)
    shifts[::3] = np.arange(0, 13, 3)[:, None, None]
    out = smoothed(shifts, found=np.ones(13, bool), cut=np.zeros(13, bool))
    values = np.array([out[i].mean() for i in range(13)])
    np.testing.assert_allclose(values[3:10], np.arange(3, 10), atol=0.6)
    assert (np.diff(values) >= -1e-6).all()


def test_without_known_shifts_the_shift_is_zero() -> None:
    shifts = np.full((4, 74, 2), np.nan)
    out = smoothed(shifts, found=np.ones(4, bool), cut=np.zeros(4, bool))
    assert not np.stack(list(out.values())).any()
