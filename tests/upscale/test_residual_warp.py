"""ResWarp: the equation in loops, exact rest, one answer from both engines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from animate_cli.layers.grid import identity_grid, warp
from animate_cli.options import ResWarp
from animate_cli.records import Image, Rendered
from animate_cli.upscale.levels import level_sizes, levels, shrink
from animate_cli.upscale.remap import RemapWarp
from animate_cli.upscale.residual_warp import ResidualWarper
from animate_cli.upscale.tensor_warp import TensorWarp

FACE = 64
SIZES = (16, 37, 64, 101, 128, 257)


def _picture(size: int) -> Image:
    """Soft shapes with fine texture, as in a photo."""
    rng = np.random.default_rng(size)
    soft = cv2.resize(rng.uniform(40, 215, (7, 7, 3)), (size, size), interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(rng.normal(0, 40, (size, size, 3)), (0, 0), 1.0)
    return np.clip(soft + fine, 0, 255).astype(np.uint8)


def _tensor(face: Image) -> Tensor:
    return torch.from_numpy(face).permute(2, 0, 1)[None].float() / 255


def _bump(height_px: float) -> Tensor:
    """A smooth displacement in the middle of the face, pinned at its edges: (1, S, S, 2)."""
    grid = identity_grid(FACE, FACE)
    room = (1 - grid.abs()).clamp_min(0).prod(dim=-1, keepdim=True)
    return grid + room * torch.tensor([2.0, -1.2]) * height_px / FACE


def _moved(face: Image, grid: Tensor, mask: Tensor | None = None) -> Rendered:
    return Rendered(face=warp(_tensor(face), grid), grid=grid, refine_mask=mask)


def _half_mask() -> Tensor:
    mask = torch.zeros(1, 1, FACE, FACE)
    mask[..., 20:44, 16:40] = 1
    return torch.nn.functional.avg_pool2d(mask, 5, stride=1, padding=2)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", list(ResWarp))
@pytest.mark.parametrize("engine", [RemapWarp, lambda images: TensorWarp(images, "cpu")])
def test_rest_is_the_photo_to_the_grey_level(size: int, mode: ResWarp, engine) -> None:  # type: ignore[no-untyped-def]
    photo = _picture(size)
    images = levels(photo, FACE, mode)
    rendered = _moved(images[0], identity_grid(FACE, FACE))
    assert np.array_equal(engine(images).apply(rendered, 0), photo)


def test_rest_is_exact_even_for_print() -> None:
    photo = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (96, 96, 3))
    warper = ResidualWarper(photo, FACE)
    assert np.array_equal(warper.apply(_moved(warper.face, identity_grid(FACE, FACE)), 0), photo)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", list(ResWarp))
@pytest.mark.parametrize("mask", [None, _half_mask()])
def test_both_engines_agree_within_a_grey_level(
    size: int, mode: ResWarp, mask: Tensor | None
) -> None:
    images = levels(_picture(size), FACE, mode)
    rendered = _moved(images[0], _bump(5.0), mask)
    fast = RemapWarp(images).apply(rendered, 0).astype(int)
    oracle = TensorWarp(images, "cpu").apply(rendered, 0).astype(int)
    assert (np.abs(fast - oracle) <= 1).mean() >= 0.999


def test_the_equation_in_loops() -> None:
    photo, size = _picture(40), 40
    images = levels(photo, 20, ResWarp.VANILLA)
    g = torch.nn.functional.interpolate(_bump(3.0).permute(0, 3, 1, 2), (20, 20), mode="area")
    grid, mask = g.permute(0, 2, 3, 1), torch.full((1, 1, 20, 20), 0.25)
    face = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    out = TensorWarp(images, "cpu").apply(Rendered(face=face, grid=grid, refine_mask=mask), 0)

    def read(image: np.ndarray, x: float, y: float) -> np.ndarray:
        """Bilinear, edges repeated."""
        last = len(image) - 1
        x, y = min(max(x, 0), last), min(max(y, 0), last)
        i, j = min(int(x), last - 1), min(int(y), last - 1)
        a, b = x - i, y - j
        top = image[j, i] * (1 - a) + image[j, i + 1] * a
        return top * (1 - b) + (image[j + 1, i] * (1 - a) + image[j + 1, i + 1] * a) * b

    def up(image: np.ndarray, row: int, column: int) -> np.ndarray:
        return read(image, (column + 0.5) / 2 - 0.5, (row + 0.5) / 2 - 0.5)

    r = np.round(255 * face[0].permute(1, 2, 0).numpy()).astype(float)
    i_small = images[0].astype(float)
    flow = (grid - identity_grid(20, 20))[0].numpy().astype(float) * size / 2
    residual = np.array(
        [[photo[y, x] - up(i_small, y, x) for x in range(size)] for y in range(size)]
    )
    for y, x in [(0, 0), (3, 17), (20, 20), (22, 9), (39, 39), (31, 12)]:
        dx, dy = up(flow, y, x)
        expected = up(r, y, x) + (1 - 0.25) * read(residual, x + dx, y + dy)
        np.testing.assert_allclose(out[y, x], np.clip(expected, 0, 255), atol=0.51)


@pytest.mark.parametrize("mode", list(ResWarp))
def test_where_the_mask_is_one_only_the_rendered_face_remains(mode: ResWarp) -> None:
    images = levels(_picture(128), FACE, mode)
    face = torch.full((1, 3, FACE, FACE), 0.5)
    mask = torch.ones(1, 1, FACE, FACE)
    for engine in (RemapWarp(images), TensorWarp(images, "cpu")):
        out = engine.apply(Rendered(face=face, grid=_bump(4.0), refine_mask=mask), 0)
        assert np.abs(out.astype(int) - 128).max() <= 1


def test_detail_moves_with_the_grid() -> None:
    photo = np.full((256, 256, 3), 120, np.uint8)
    photo[100:103, 100:103] = 150
    images = levels(photo, FACE, ResWarp.VANILLA)
    grid = identity_grid(FACE, FACE) - torch.tensor([2 * 8 / 256, 0.0])
    out = RemapWarp(images).apply(_moved(images[0], grid), 0)
    assert np.array_equal(out[95:108, 103:116], photo[95:108, 95:108])


def test_what_does_not_move_is_not_touched() -> None:
    photo = _picture(128)
    images = levels(photo, FACE, ResWarp.VANILLA)
    grid = identity_grid(FACE, FACE).clone()
    grid[:, 30:34, 30:40] += 0.05
    out = RemapWarp(images).apply(_moved(images[0], grid), 0)
    changed = (out != photo).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert len(rows)
    assert rows.min() >= 56
    assert rows.max() < 72
    assert columns.min() >= 56
    assert columns.max() < 84


@pytest.mark.parametrize("size", [96, 128, 130, 200])
def test_a_part_is_computed_as_the_whole_would_be(size: int) -> None:
    images = levels(_picture(size), FACE, ResWarp.VANILLA)
    grid = identity_grid(FACE, FACE).clone()
    grid[:, 25:40, 12:31] += 0.04
    part = RemapWarp(images).apply(_moved(images[0], grid), 0).astype(int)
    oracle = TensorWarp(images, "cpu").apply(_moved(images[0], grid), 0).astype(int)
    assert (np.abs(part - oracle) <= 1).mean() >= 0.999


def test_frames_are_the_callers_to_keep() -> None:
    warper = ResidualWarper(_picture(100), FACE)
    both = Rendered(
        face=torch.rand(2, 3, FACE, FACE), grid=_bump(3.0).expand(2, -1, -1, -1), refine_mask=None
    )
    first = warper.apply(both, 0)
    kept = first.copy()
    warper.apply(both, 1)
    assert np.array_equal(first, kept)


def test_multiscale_halves_until_the_face() -> None:
    assert level_sizes(1001, 128, ResWarp.MULTISCALE) == (128, 251, 501, 1001)
    assert level_sizes(1001, 128, ResWarp.VANILLA) == (128, 1001)
    assert level_sizes(100, 128, ResWarp.MULTISCALE) == (128, 100)


def test_shrinking_averages_blocks() -> None:
    photo = _picture(128)
    blocks = photo.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrink(photo, 64) - blocks).max() <= 0.5


@pytest.mark.parametrize("shape", [(15, 15, 3), (32, 33, 3), (32, 32)])
def test_anything_but_a_square_is_the_programmers_mistake(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="square"):
        ResidualWarper(np.zeros(shape, np.uint8), FACE)
