"""Blinks whose apertures are measured too large are shut, and nothing else is changed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from painted import FACE
from places import EXAMPLES

from animate_cli.faces.aperture import eye_apertures
from animate_cli.faces.points import FACING_LEFT_LIDS, FACING_LIDS, FACING_RIGHT_LIDS
from animate_cli.faces.retargeting.eye_mouth_aperture import LEFT_EYE, RIGHT_EYE
from animate_cli.faces.retargeting.retarget import driver_square, retarget_landmarks
from animate_cli.faces.tracking.blinks import (
    SHUT,
    shut_lids,
    shut_ratio,
    stretched,
)
from animate_cli.options import MotionOptions
from animate_cli.records import Points

TRUTH = EXAMPLES / "driver_truth.npz"
RATE = 25
BOTTOMS = (30, 31, 80, 81)


def clock(count: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(k, RATE) for k in range(count))


def blink_ratios(count: int = 100) -> NDArray[np.float64]:
    """Aperture ratios of an eye that blinks twice, each time shut for two frames."""
    share = np.ones(count)
    for k in (29, 32, 79, 82):
        share[k] = 0.5
    share[list(BOTTOMS)] = 0.05
    return share


def biased(share: NDArray[np.float64], gain: float = 0.3) -> NDArray[np.float64]:
    """The ratios as a network measures them that is biased towards 1."""
    return np.asarray(1 + gain * (share - 1))


def face(share: NDArray[np.float64]) -> Points:
    """A still face with these aperture ratios (T,): (T, 74, 2)."""
    points = np.repeat(100 * FACE[None], len(share), axis=0)
    for upper, lower in FACING_LIDS:
        middle, half = (points[:, upper] + points[:, lower]) / 2, [0.0, 2.5]
        points[:, upper] = middle - share[:, None] * half
        points[:, lower] = middle + share[:, None] * half
    return points.astype(np.float32)


def ratios_of(points: Points) -> NDArray[np.float64]:
    """Aperture ratios, mean of both eyes: (T,)."""
    both = eye_apertures(points)
    return np.asarray((both / np.median(both, axis=0)).mean(axis=1))


def corrected(points: Points) -> Points:
    return shut_lids(points, np.ones(len(points), bool), clock(len(points)))


@pytest.mark.parametrize("gain", [0.2, 0.4, 0.7])
def test_blinks_of_a_biased_network_are_shut(gain: float) -> None:
    out = ratios_of(corrected(face(biased(blink_ratios(), gain))))
    assert out[list(BOTTOMS)].max() == pytest.approx(SHUT, abs=0.01)
    assert (np.delete(out, [*BOTTOMS, 29, 32, 79, 82]) > 0.999).all()


def test_blinks_that_are_measured_as_shut_are_not_changed() -> None:
    points = face(blink_ratios())
    assert corrected(points) is points


@pytest.mark.parametrize(
    "share",
    [np.ones(80), 1 + 0.05 * np.sin(np.arange(80.0)), np.repeat((1.0, 0.75, 1.0), 40)],
    ids=["open", "jitter", "looking down"],
)
def test_landmarks_without_blinks_are_not_changed(share: NDArray[np.float64]) -> None:
    points = face(share)
    assert corrected(points) is points


def test_eyes_that_stay_shut_are_shut_as_in_blinks() -> None:
    share = blink_ratios(200)
    share[120:180] = 0.05
    assert ratios_of(corrected(face(biased(share))))[120:180].max() == pytest.approx(SHUT, abs=0.01)


def test_only_lids_move_and_only_where_the_face_was_seen() -> None:
    points = face(biased(blink_ratios()))
    found = np.ones(len(points), bool)
    found[80] = False
    out = shut_lids(points, found, clock(len(points)))
    lids = [k for pair in FACING_LIDS for k in pair]
    others = [k for k in range(74) if k not in lids]
    np.testing.assert_array_equal(out[:, others], points[:, others])
    np.testing.assert_array_equal(out[80], points[80])
    assert not np.array_equal(out[81], points[81])


@pytest.mark.parametrize("shut", [0.2, 0.5, 0.85])
def test_mapped_ratios_are_monotonic_and_open_eyes_are_kept(shut: float) -> None:
    readings = np.linspace(0, 2, 400)
    out = stretched(readings, shut)
    assert (np.diff(out) >= 0).all()
    np.testing.assert_allclose(out[readings >= 1], readings[readings >= 1])
    np.testing.assert_allclose(out[readings <= shut], SHUT)


def test_a_clip_without_blinks_has_no_shut_ratio() -> None:
    assert shut_ratio(np.ones(50), np.arange(50) / RATE) is None


def test_one_or_two_frames_are_not_changed() -> None:
    for count in (1, 2):
        points = face(np.ones(count))
        assert corrected(points) is points


@pytest.mark.parametrize("gain", [0.35, 1.0])
def test_when_the_rendered_head_shuts_its_eyes_so_does_the_portrait(gain: float) -> None:
    """With its true points, and with biased lids, on another face."""
    truth = np.load(TRUTH)
    seen, source = truth["landmarks"].copy(), face(np.ones(1))[0]
    eyes = zip((FACING_RIGHT_LIDS, FACING_LEFT_LIDS), eye_apertures(seen).T, strict=True)
    for pairs, reading in eyes:
        share = biased(reading / np.median(reading), gain) / (reading / np.median(reading))
        for upper, lower in pairs:
            half = (share - 1)[:, None] * (seen[:, lower] - seen[:, upper]) / 2
            seen[:, upper] -= half
            seen[:, lower] += half
    lids = corrected(seen)
    anchor = int(np.argmin(np.abs(truth["pose_deg"]).sum(axis=1) + 99 * truth["lids_closed"]))
    square = driver_square(source, lids[anchor])
    driver = torch.from_numpy((lids @ square[:, :2].T + square[:, 2]).astype(np.float32))
    moved = retarget_landmarks(
        torch.from_numpy(source)[None], driver, driver[anchor : anchor + 1], MotionOptions()
    ).numpy()
    shut, wide = truth["lids_closed"] > 0.98, truth["lids_closed"] == 0
    for eye in (RIGHT_EYE, LEFT_EYE):
        gap = np.linalg.norm(moved[:, list(eye.lower)] - moved[:, list(eye.upper)], axis=2)
        usual = np.linalg.norm(source[list(eye.lower)] - source[list(eye.upper)], axis=1)
        width = np.linalg.norm(source[eye.corners[1]] - source[eye.corners[0]])
        assert gap[shut].max() < 1.3 * eye.least * width
        assert np.median(gap[wide].mean(axis=1)) > 0.85 * usual.mean()
