from __future__ import annotations

import cv2
import numpy as np
import pytest
from places import EXAMPLES

from animate_cli.faces.detection.viola_jones import (
    Proposal,
    ViolaJones,
    grid,
    merge,
    overlap,
    shrink,
    turning,
)
from animate_cli.records import Image

PORTRAIT = EXAMPLES / "portrait.png"
FACE_CENTER, FACE_SIDE = np.array([224.0, 135.0]), 90.0  # by eye, in the 512-pixel portrait


@pytest.fixture(scope="module")
def portrait() -> Image:
    return cv2.cvtColor(cv2.imread(str(PORTRAIT)), cv2.COLOR_BGR2RGB)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def viola_jones() -> ViolaJones:
    return ViolaJones()


def hits(proposals: list[Proposal], center: np.ndarray, side: float) -> list[Proposal]:
    return [
        p
        for p in proposals
        if np.abs(np.subtract(p.center, center)).max() < 0.25 * side and 0.7 < p.side / side < 1.4
    ]


def test_a_real_face_is_proposed_in_the_first_round(
    portrait: Image, viola_jones: ViolaJones
) -> None:
    assert hits(next(viola_jones.usual_rounds(portrait)), FACE_CENTER, FACE_SIDE)


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_proposals_are_in_frame_pixels_at_any_resolution(
    portrait: Image, viola_jones: ViolaJones, scale: float
) -> None:
    resized = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = next(viola_jones.usual_rounds(resized))  # type: ignore[arg-type]
    assert hits(found, FACE_CENTER * scale, FACE_SIDE * scale)


def test_a_grey_face_is_proposed_as_well(portrait: Image, viola_jones: ViolaJones) -> None:
    grey = cv2.cvtColor(cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    assert hits(next(viola_jones.usual_rounds(grey)), FACE_CENTER, FACE_SIDE)  # type: ignore[arg-type]


@pytest.mark.parametrize("tilt", [-90.0, 50.0])
def test_a_tilted_face_is_proposed_with_its_tilt(
    portrait: Image, viola_jones: ViolaJones, tilt: float
) -> None:
    turn, width, height = turning(512, 512, -tilt)  # clockwise by `tilt`
    tilted = cv2.warpAffine(portrait, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    center = turn[:, :2] @ FACE_CENTER + turn[:, 2]
    found = [p for r in viola_jones.fallback_rounds(tilted) for p in r]  # type: ignore[arg-type]
    assert tilt in {p.roll_deg for p in hits(found, center, FACE_SIDE)}


def test_the_profile_cascade_finds_both_sides(portrait: Image, viola_jones: ViolaJones) -> None:
    width = portrait.shape[1]
    rounds = list(viola_jones.usual_rounds(portrait))[1]
    mirrored = list(viola_jones.usual_rounds(np.ascontiguousarray(portrait[:, ::-1])))[1]
    there = sorted((p.center[1], p.side, width - 1 - p.center[0]) for p in rounds)
    here = sorted((p.center[1], p.side, p.center[0]) for p in mirrored)
    np.testing.assert_allclose(here, there)


@pytest.mark.parametrize("tilt", [25.0, -50.0, 90.0])
def test_a_turned_picture_contains_the_whole_picture(tilt: float) -> None:
    turn, width, height = turning(300, 200, tilt)
    corners = np.array([(0, 0), (299, 0), (0, 199), (299, 199)]) @ turn[:, :2].T + turn[:, 2]
    assert corners.min() > -1.5
    assert (corners <= (width + 0.5, height + 0.5)).all()


def test_shrink_does_not_enlarge_and_returns_its_scale() -> None:
    small, scale = shrink(np.zeros((50, 40, 3), np.uint8), 320)
    assert small.shape == (50, 40)
    assert scale == 1
    small, scale = shrink(np.zeros((3000, 1000, 3), np.uint8), 300)
    assert small.shape == (300, 100)
    assert scale == 10


def test_overlap_is_intersection_over_union() -> None:
    assert overlap((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 1, 1), (2, 0, 3, 1)) == 0


def test_proposals_of_one_face_are_merged() -> None:
    near = [Proposal(center=(50 + i, 50), side=40) for i in range(3)]
    far = Proposal(center=(150, 50), side=30)
    assert merge([*near, far]) == [near[0], far]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (300, 500), (64, 64)])
def test_each_face_lies_near_the_centre_of_a_square_of_the_grid(width: int, height: int) -> None:
    found = grid(np.zeros((height, width, 3), np.uint8))
    for share in (0.45, 0.8):
        side = share * min(width, height)
        for x in np.linspace(side / 2, width - side / 2, 7):
            near = [
                p
                for p in found
                if 0.7 < p.side / side < 1.4
                and np.abs(np.subtract(p.center, (x, height / 2))).max() < 0.3 * p.side
            ]
            assert near
