"""Pictures with exact labels of a toy head, and of the scanned one where it is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from places import SHARED
from toy_head import write_toy_head

from animate_cli.errors import InputError
from animate_cli.train.synthetic import dataset as rendered
from animate_cli.train.synthetic.dataset import read_rendered, render_missing

SCANNED = SHARED / "data" / "ict_face.npz"


@pytest.fixture(scope="module", params=["toy", "scanned"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "toy":
        return write_toy_head(tmp_path_factory.mktemp("head") / "head.npz")
    if not SCANNED.exists():
        pytest.skip("the ICT Face Model is not beside this checkout")
    return SCANNED


@pytest.fixture
def folder(model: Path, tmp_path: Path) -> Path:
    assert render_missing(tmp_path, model=model, count=3) == 3
    return tmp_path


def test_pictures_have_exact_labels_and_are_read_without_the_model(folder):
    samples = list(read_rendered(folder, model=Path("absent.npz"), count=3))
    assert [sample.kind for sample in samples] == ["rendered"] * 3
    assert {sample.identity for sample in samples} == {"rendered/0"}
    for sample in samples:
        pixels = sample.pixels()
        assert pixels.shape == (rendered.VIEWS["head"].size,) * 2 + (3,)
        assert sample.points.shape == (74, 2)
        assert np.isfinite(sample.points).all()
        jaw = sample.points[:17]
        assert np.ptp(jaw[:, 1]) / np.ptp(sample.points[:, 1]) > 0.3


def test_only_missing_pictures_are_rendered_and_they_are_as_before(folder, model):
    picture, label = folder / "000001.jpg", folder / "000001.npz"
    before = picture.read_bytes(), label.read_bytes()
    picture.unlink()
    assert render_missing(folder, model=model, count=3) == 1
    assert (picture.read_bytes(), label.read_bytes()) == before
    assert render_missing(folder, model=Path("absent.npz"), count=3) == 0


def test_without_pictures_and_model_the_model_is_asked_for(tmp_path):
    with pytest.raises(InputError, match="not an ICT Face Model"):
        render_missing(tmp_path, model=Path("absent.npz"), count=1)
