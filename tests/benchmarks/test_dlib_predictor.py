"""dlib's shape predictor as a baseline: its squares, its rectangle, and that it learns."""

import sys
from pathlib import Path

import cv2
import dlib_predictor
import numpy as np
import pytest
from dlib_predictor import SIZE, DlibLandmarker, DlibRecipe, draw, train_dlib
from toy_world import canonical_points, toy_frame

from animate_cli.errors import OptionError, WeightsError
from animate_cli.faces.crop import LANDMARK_MARGIN, landmark_square, to_crop
from animate_cli.train.samples.samples import Sample

QUICK = DlibRecipe(squares=40, tree_depth=3, cascade_depth=4, trees=30, oversampling=5)


def sample(shift: float) -> Sample:
    """A toy face moved right by `shift` px."""
    frame = toy_frame(160, 160, shift=shift)
    _, jpeg = cv2.imencode(".jpg", frame[..., ::-1])
    points = (canonical_points() * 32 + (80 + shift, 80)).astype(np.float32)
    return Sample(jpeg=jpeg, points=points, identity=f"{shift:.0f}", kind="clip")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [sample(shift) for shift in np.linspace(-20, 20, 40)]


def test_squares_are_the_networks_squares_jittered(samples):
    squares, points = draw(samples, QUICK)
    assert len(squares) == len(points) == 40
    assert squares[0].shape == (SIZE, SIZE)
    usual = to_crop(samples[0].points, landmark_square(samples[0].points, SIZE))
    middles = points.mean(axis=1) - usual.mean(axis=0)
    assert np.abs(middles).max() < 0.12 * SIZE
    assert np.ptp(middles, axis=0).min() > 0.04 * SIZE


def test_the_same_seed_draws_the_same_squares(samples):
    one, other = draw(samples, QUICK), draw(samples, QUICK)
    assert np.array_equal(one[1], other[1])
    assert all(np.array_equal(a, b) for a, b in zip(one[0], other[0], strict=True))


def test_many_samples_are_spread_evenly(samples):
    squares, _ = draw(samples, DlibRecipe(squares=7))
    assert len(squares) == 7


def test_without_the_package_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(OptionError, match="dlib-bin"):
        DlibLandmarker(tmp_path / "none.dat")


@pytest.fixture(scope="module")
def trained(samples, tmp_path_factory) -> Path:
    pytest.importorskip("dlib")
    path = tmp_path_factory.mktemp("dlib") / "new" / "predictor.dat"
    train_dlib(samples, path, QUICK)
    return path


def test_its_rectangle_is_the_middle_of_the_square():
    dlib = pytest.importorskip("dlib")
    box = dlib_predictor.rectangle(dlib, SIZE)
    assert box.width() == box.height() == pytest.approx(SIZE / LANDMARK_MARGIN, abs=1)
    assert box.left() + box.right() == box.top() + box.bottom() == SIZE - 1


def test_it_finds_the_points_of_faces_it_has_seen(trained, samples):
    squares, points = draw(samples, QUICK)
    network = DlibLandmarker(trained)
    found, sure = network(np.repeat(np.stack(squares)[..., None], 3, axis=3))
    ignorant = np.linalg.norm(points - points.mean(axis=0), axis=-1).mean()
    error = np.linalg.norm(found - points, axis=-1).mean()
    assert error < 0.6 * ignorant  # a disc does not show its tilt
    assert (sure == 1).all()
    assert list(trained.parent.iterdir()) == [trained]  # nothing half-written


def test_its_answers_are_finer_than_whole_pixels(trained, samples):
    squares, _ = draw(samples, QUICK)
    found, _ = DlibLandmarker(trained)(np.repeat(np.stack(squares)[..., None], 3, axis=3))
    assert len(np.unique(np.mod(found, 1))) > 2


def test_another_file_is_refused(tmp_path):
    pytest.importorskip("dlib")
    path = tmp_path / "none.dat"
    path.write_bytes(b"not a predictor")
    with pytest.raises(WeightsError, match="no shape predictor"):
        DlibLandmarker(path)
