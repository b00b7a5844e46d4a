"""Landmarks beside videos: whose points, which frames, what is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animate_cli.data.label_files import read_labels
from animate_cli.data.labels import complete
from animate_cli.errors import DataError
from animate_cli.faces.points import MEDIAPIPE


def test_mediapipes_points_become_ours_and_ours_stay(tmp_path: Path) -> None:
    theirs = np.random.default_rng(0).random((3, 478, 2)).astype(np.float16)
    np.savez(tmp_path / "a.npz", landmarks=theirs)
    labels = read_labels(tmp_path / "a.mp4")
    for frame in range(3):
        for k in range(74):
            assert tuple(labels.points[frame, k]) == tuple(theirs[frame, MEDIAPIPE[k]])
    assert labels.found.tolist() == [True] * 3
    np.savez(tmp_path / "b.npz", landmarks=labels.points, found=[True, False, True])
    again = read_labels(tmp_path / "b.mp4")
    np.testing.assert_array_equal(again.points, labels.points)
    assert again.found.tolist() == [True, False, True]


def test_frames_of_300vw_are_counted_from_one_and_may_be_missing(tmp_path: Path) -> None:
    for number in (1, 3):
        _write_pts(tmp_path / "annot" / f"{number:06d}.pts", number)
    labels = read_labels(tmp_path / "vid.avi")
    assert labels.found.tolist() == [True, False, True]
    assert labels.points[[0, 2], 5, 0].tolist() == [1 + 5 - 1, 3 + 5 - 1]
    assert np.isnan(labels.points[0, 68:]).all()


def _write_pts(path: Path, number: int) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = "\n".join(f"{number + k} {2 * k}" for k in range(68))
    path.write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")


def test_missing_points_are_made_up_and_named_ones_are_kept() -> None:
    points = np.random.default_rng(1).random((2, 74, 2)).astype(np.float32)
    np.testing.assert_array_equal(complete(points), points)
    points[0, 68:] = np.nan
    made = complete(points)
    np.testing.assert_array_equal(made[1], points[1])
    middles = {68: (37, 38), 69: (40, 41), 70: (43, 44), 71: (46, 47)}
    for lid, pair in middles.items():
        np.testing.assert_allclose(made[0, lid], points[0, list(pair)].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(made[0, 72], points[0, 36:42].mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(made[0, 73], points[0, 42:48].mean(axis=0), rtol=1e-6)


def test_what_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no landmarks beside it"):
        read_labels(tmp_path / "a.mp4")
    np.savez(tmp_path / "a.npz", other=np.zeros(3))
    with pytest.raises(DataError, match=r"a\.npz: no landmarks"):
        read_labels(tmp_path / "a.mp4")
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"a\.npz: no landmarks"):
        read_labels(tmp_path / "a.mp4")
