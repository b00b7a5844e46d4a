"""Other data sets' points under our names."""

from __future__ import annotations

import numpy as np

from animate_cli.data.labels import from_ibug, from_wflw, labelled_points
from animate_cli.faces.points import LEFT_LIDS, MIRROR, PUPILS, RIGHT_LIDS, WFLW

# WFLW mirrors so (its figure 2): jaw, brows, nose, eyes, lips, pupils
WFLW_MIRROR = (
    *range(32, -1, -1),
    *(46, 45, 44, 43, 42, 50, 49, 48, 47),
    *(37, 36, 35, 34, 33, 41, 40, 39, 38),
    *(51, 52, 53, 54),
    *(59, 58, 57, 56, 55),
    *(72, 71, 70, 69, 68, 75, 74, 73),
    *(64, 63, 62, 61, 60, 67, 66, 65),
    *(82, 81, 80, 79, 78, 77, 76, 87, 86, 85, 84, 83),
    *(92, 91, 90, 89, 88, 95, 94, 93),
    *(97, 96),
)


def test_each_of_our_points_is_a_point_of_wflw_and_none_is_used_twice():
    assert len(WFLW) == 74
    assert len(set(WFLW)) == 74


def test_a_mirrored_face_has_mirrored_names_in_both_schemes():
    assert [WFLW_MIRROR[WFLW[k]] for k in range(74)] == [WFLW[MIRROR[k]] for k in range(74)]


def test_parts_keep_their_order_in_the_face():
    """On a schematic face whose WFLW points lie where the figure draws them."""
    face = np.zeros((98, 2))
    for first, (x, y) in ((60, (30, 40)), (68, (60, 40))):  # eyes: outer, lid, inner or reverse
        angle = np.pi - np.arange(8) * np.pi / 4
        face[first : first + 8] = np.stack((x + 8 * np.cos(angle), y - 4 * np.sin(angle)), axis=1)
    face[96], face[97] = (30, 40), (60, 40)
    ours = from_wflw(face)
    for lids, eye, pupil in ((RIGHT_LIDS, 36, PUPILS[0]), (LEFT_LIDS, 42, PUPILS[1])):
        upper, lower = ours[list(lids)]
        np.testing.assert_allclose(upper, ours[pupil] - (0, 4), atol=1e-5)
        np.testing.assert_allclose(lower, ours[pupil] + (0, 4), atol=1e-5)
        corners = ours[[eye, eye + 3], 0]
        assert corners[0] < ours[eye + 1, 0] < upper[0] < ours[eye + 2, 0] < corners[1]
        assert corners[1] > ours[eye + 4, 0] > lower[0] > ours[eye + 5, 0] > corners[0]


def test_ibug_counts_from_one_and_names_neither_lids_nor_pupils():
    ours = from_ibug(np.arange(136.0).reshape(68, 2) + 1)
    np.testing.assert_array_equal(ours[:68], np.arange(136.0).reshape(68, 2))
    assert np.isnan(ours[68:]).all()
    assert labelled_points(ours).shape == (68, 2)
