"""The measure of open eyes and lips: units, signs, and equal numbers for arrays and tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from painted import FACE

from animate_cli.faces.aperture import (
    BLOCK,
    aperture,
    distance,
    eye_apertures,
    face_radius,
    gaps,
)
from animate_cli.faces.points import EYE_CORNERS, FACING_LIDS, FACING_LIPS, RIGHT_LIDS

FACES = (100 * FACE + np.random.default_rng(0).normal(0, 3, (20, *FACE.shape))).astype(np.float32)


def test_an_aperture_is_the_mean_gap_over_the_unit() -> None:
    points = np.array([[(0, 0), (4, 0), (1, -1), (1, 1), (3, -2), (3, 2)]], np.float32)
    width = distance(points, (0, 1))
    assert aperture(points, ((2, 3), (4, 5)), unit=width) == pytest.approx([(2 + 4) / 2 / 4])


def test_arrays_and_tensors_give_the_same_numbers() -> None:
    tensors = torch.from_numpy(FACES)
    unit, same = distance(FACES, EYE_CORNERS[0]), distance(tensors, EYE_CORNERS[0])
    found = aperture(FACES, (RIGHT_LIDS,), unit=unit)
    np.testing.assert_allclose(aperture(tensors, (RIGHT_LIDS,), unit=same), found, rtol=1e-6)


def test_a_size_of_zero_gives_a_finite_number() -> None:
    assert np.isfinite(aperture(FACES, FACING_LIPS, unit=np.zeros(len(FACES)))).all()


def test_signed_gaps_are_negative_where_lids_cross() -> None:
    points = torch.tensor([[(0.0, 0.0), (0.0, 2.0)]])
    down = torch.tensor((0.0, 1.0))
    assert gaps(points, ((0, 1),), down=down).item() == 2
    assert gaps(points, ((1, 0),), down=down).item() == -2
    assert gaps(points, ((1, 0),)).item() == 2


def test_the_size_and_roll_of_a_face_do_not_change_its_apertures() -> None:
    c, s = np.cos(0.5), np.sin(0.5)
    turned = 3 * FACES @ np.array([[c, s], [-s, c]], np.float32) + 40
    np.testing.assert_allclose(eye_apertures(turned), eye_apertures(FACES), rtol=1e-4)
    np.testing.assert_allclose(face_radius(turned), 3 * face_radius(FACES), rtol=1e-5)


def test_blocks_of_a_long_clip_give_the_numbers_of_its_frames() -> None:
    clip = np.concatenate([FACES] * (BLOCK // len(FACES) + 2))
    single = np.concatenate([eye_apertures(face[None]) for face in FACES])
    np.testing.assert_allclose(eye_apertures(clip), np.resize(single, (len(clip), 2)), rtol=1e-6)
    assert eye_apertures(clip[:0]).shape == (0, 2)


def test_facing_lids_are_those_of_both_eyes() -> None:
    apart = gaps(FACES, FACING_LIDS)
    by_eye = np.stack((apart[:, :3].mean(axis=1), apart[:, 3:].mean(axis=1)), axis=1)
    unit = face_radius(FACES)[:, None]
    np.testing.assert_allclose(eye_apertures(FACES), by_eye / unit, rtol=1e-6)
