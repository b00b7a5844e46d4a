"""Landmark errors: closed forms and the definition of the area under the curve."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animate_cli.evaluate.metrics.landmarks.landmark_nme import (
    CED_THRESHOLDS,
    GROUPS,
    accuracy,
    auc,
    ced,
    errors,
    failures,
)
from animate_cli.faces.points import OUTER_EYE_CORNERS, PUPILS

EYES_APART_PX = 40.0


def faces(count: int) -> np.ndarray:
    points = np.random.default_rng(5).uniform(0, 128, (count, 74, 2))
    right, left = OUTER_EYE_CORNERS
    points[:, left] = points[:, right] + (EYES_APART_PX, 0)
    return points.astype(np.float32)


def test_the_stored_curve_is_the_error_distribution() -> None:
    found = accuracy(np.repeat(np.array([[0.019], [0.049], [0.3], [np.inf]]), 74, axis=1))
    assert len(found.ced) == len(CED_THRESHOLDS)
    kept = dict(zip(CED_THRESHOLDS, found.ced, strict=True))
    assert (kept[0.0], kept[0.02], kept[0.05], kept[0.1]) == (
        0,
        0.25,
        0.5,
        0.5,
    )
    assert found.failures == pytest.approx(100 * (1 - found.ced[-1]))


def test_every_point_is_in_one_group():
    assert sorted(k for group in GROUPS.values() for k in group) == list(range(74))


def test_the_truth_has_no_error():
    true = faces(6)
    got = accuracy(errors(true, true))
    assert (got.nme, got.auc, got.failures, got.faces) == (0, 1, 0, 6)
    assert all(value == 0 for _, value in got.groups)


@pytest.mark.parametrize("shift", [(3.0, 4.0), (-2.0, 0.0)])
def test_a_shift_of_all_points_is_its_length_over_the_distance_of_the_eyes(shift):
    true = faces(4)
    got = accuracy(errors(true + np.float32(shift), true))
    assert got.nme == pytest.approx(100 * math.hypot(*shift) / EYES_APART_PX, rel=1e-4)
    assert got.auc == pytest.approx(max(0, 1 - math.hypot(*shift) / EYES_APART_PX / 0.1), abs=1e-4)


def test_errors_do_not_depend_on_size_place_or_tilt():
    true = faces(3)
    found = true + np.random.default_rng(0).normal(0, 2, true.shape).astype(np.float32)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]]) * 2.5
    moved = errors(found @ turn.T + 30, true @ turn.T + 30)
    assert moved == pytest.approx(errors(found, true), rel=1e-4)


def test_one_wrong_point_counts_in_its_group_alone():
    true = faces(2)
    found = true.copy()
    found[:, PUPILS[0], 0] += 0.2 * EYES_APART_PX
    got = accuracy(errors(found, true))
    assert got.group("pupils") == pytest.approx(10, rel=1e-4)
    assert got.nme == pytest.approx(20 / 74, rel=1e-4)
    assert got.group("jaw") == got.group("lips") == 0


def test_a_detector_of_68_points_is_scored_on_these():
    true = faces(2)
    found = true.copy()
    found[:, 68:] = 0
    got = accuracy(errors(found, true), known=range(68))
    assert got.nme == 0
    assert math.isnan(got.group("pupils"))
    assert not math.isnan(got.group("eyes"))


def test_a_face_that_was_not_found_fails_and_is_left_out_of_the_mean():
    error = np.full((4, 74), 0.02)
    error[1] = np.inf
    got = accuracy(error)
    assert got.nme == pytest.approx(2)
    assert got.failures == 25
    assert got.auc == pytest.approx(0.75 * 0.8)


@given(st.lists(st.floats(0, 0.3), min_size=1, max_size=30))
def test_the_area_is_the_integral_of_the_curve(values):
    per_face = np.array(values)
    cells = np.linspace(0, 0.1, 20_001)
    middles = (cells[1:] + cells[:-1]) / 2
    assert auc(per_face) == pytest.approx(ced(per_face, middles).mean(), abs=1e-4)
    assert failures(per_face) == pytest.approx(100 * (1 - ced(per_face, np.array([0.1]))[0]))


def test_the_curve_rises_from_the_share_of_perfect_faces_to_one():
    per_face = np.array([0.0, 0.05, 0.05, 0.2])
    assert ced(per_face, np.array([0, 0.049, 0.05, 0.1, 0.2])).tolist() == [
        *(0.25, 0.25, 0.75, 0.75),
        1.0,
    ]
