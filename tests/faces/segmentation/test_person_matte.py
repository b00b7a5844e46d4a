"""The embedded matte on the example portrait."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import torch
import torch.nn.functional as F
from portrait_square import portrait_canvas
from torch import Tensor

from animate_cli.errors import WeightsError
from animate_cli.faces.segmentation.matte import load_matte

SIZE = 256


@pytest.fixture(scope="module")
def portrait() -> tuple[Tensor, Tensor]:
    """The portrait's face square (1, 3, S, S) and the landmarks in it (1, 74, 2)."""
    canvas = portrait_canvas()
    face = torch.from_numpy(cv2.resize(canvas.square, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
    points = torch.from_numpy(canvas.face_landmarks(SIZE))[None]
    return face.permute(2, 0, 1)[None].float() / 255, points


def test_the_face_is_opaque_and_the_upper_corners_are_transparent(
    portrait: tuple[Tensor, Tensor],
) -> None:
    face, points = portrait
    matte = load_matte()(face, points)[0, 0]
    x, y = points[0, 17:].round().long().unbind(dim=-1)
    assert matte[y, x].min() > 0.9
    assert matte[:60, :30].max() < 0.2
    assert matte[:60, -30:].max() < 0.2
    assert 0.2 < (matte > 0.5).float().mean() < 0.8


def test_half_the_size_gives_the_same_matte(portrait: tuple[Tensor, Tensor]) -> None:
    face, points = portrait
    network = load_matte()
    whole = network(face, points) > 0.5
    half = network(F.avg_pool2d(face, 2), (points - 0.5) / 2)
    same = F.interpolate(half, (SIZE, SIZE), mode="bilinear") > 0.5
    assert (whole & same).sum() / (whole | same).sum() > 0.95


def test_weights_of_another_network_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="config"):
        load_matte("shape")
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        load_matte(str(tmp_path / "none.safetensors"))
