"""Laws of coordinates: identity, round trip, resizing, and warping against naive loops."""

from __future__ import annotations

import pytest
import torch

from animate_cli.layers.grid import (
    identity_grid,
    normalised_to_pixel,
    pixel_to_normalised,
    points_to_normalised,
    points_to_pixel,
    resize_grid,
    warp,
    warp_maps,
    warp_sharply,
)

SIZES = [(5, 8), (8, 5), (7, 7), (16, 32)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_identity_grid_gives_the_image_back(height: int, width: int) -> None:
    image = torch.rand(2, 3, height, width)
    grid = identity_grid(height, width).expand(2, -1, -1, -1)
    torch.testing.assert_close(warp(image, grid), image, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_pixels_survive_the_round_trip(height: int, width: int) -> None:
    points = torch.rand(3, 74, 2, dtype=torch.float64) * 100 - 20
    there = points_to_normalised(points, height, width)
    torch.testing.assert_close(points_to_pixel(there, height, width), points)
    x = pixel_to_normalised(points[..., 0], width)
    torch.testing.assert_close(x, there[..., 0])
    torch.testing.assert_close(normalised_to_pixel(x, width), points[..., 0])


def test_extent_is_the_outer_edges() -> None:
    corners = torch.tensor([[-0.5, -0.5], [7.5, 4.5]])
    expected = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    torch.testing.assert_close(points_to_normalised(corners, 5, 8), expected)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_resized_identity_is_the_identity(height: int, width: int) -> None:
    resized = resize_grid(identity_grid(6, 9), height, width)
    torch.testing.assert_close(resized, identity_grid(height, width), atol=1e-6, rtol=0)


def test_a_resized_shift_is_the_same_shift() -> None:
    shift = torch.tensor([0.25, -0.1])
    resized = resize_grid(identity_grid(6, 9) + shift, 13, 10)
    torch.testing.assert_close(resized, identity_grid(13, 10) + shift, atol=1e-6, rtol=0)


def test_warp_against_loops() -> None:
    image = torch.rand(1, 1, 4, 6, dtype=torch.float64)
    px = torch.rand(1, 3, 5, 2, dtype=torch.float64) * torch.tensor([5.0, 3.0])
    out = warp(image, points_to_normalised(px, 4, 6))
    for row in range(3):
        for column in range(5):
            x, y = px[0, row, column].tolist()
            i, j = min(int(x), 4), min(int(y), 2)
            a, b = x - i, y - j
            c = image[0, 0, j : j + 2, i : i + 2]
            top = c[0, 0] * (1 - a) + c[0, 1] * a
            low = c[1, 0] * (1 - a) + c[1, 1] * a
            torch.testing.assert_close(out[0, 0, row, column], top * (1 - b) + low * b)


def test_edges_repeat() -> None:
    image = torch.arange(6.0).view(1, 1, 2, 3)
    far = points_to_normalised(torch.tensor([[[[-9.0, 0.0], [9.0, 1.0]]]]), 2, 3)
    assert warp(image, far).flatten().tolist() == [0.0, 5.0]


def test_gradients() -> None:
    image = torch.rand(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    inside = torch.rand(1, 3, 3, 2, dtype=torch.float64) * 1.2 - 0.6
    grid = inside.requires_grad_()
    assert torch.autograd.gradcheck(warp, (image, grid))
    assert torch.autograd.gradcheck(lambda g: resize_grid(g, 5, 4), (grid,))


def _cubic(t: float) -> float:
    """Keys 1981, a = -0.75."""
    t = abs(t)
    if t <= 1:
        return 1.25 * t**3 - 2.25 * t**2 + 1
    return -0.75 * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def test_sharp_warping_against_loops() -> None:
    image = 0.4 + 0.2 * torch.rand(1, 1, 8, 9, generator=torch.Generator().manual_seed(4))
    px = torch.tensor([[[[2.3, 3.6], [4.0, 5.0], [5.75, 2.5]]]])
    out = warp_sharply(image, points_to_normalised(px, 8, 9))[0, 0, 0]
    for found, (x, y) in zip(out.tolist(), px[0, 0].tolist(), strict=True):
        expected = sum(
            _cubic(x - column) * _cubic(y - row) * image[0, 0, row, column].item()
            for row in range(8)
            for column in range(9)
        )
        assert found == pytest.approx(expected, abs=1e-5)


def test_sharp_warping_keeps_pictures_in_range_and_edges_repeated() -> None:
    steps = (torch.arange(12) % 4 < 2).float().expand(1, 3, 12, 12)
    grid = identity_grid(12, 12) + torch.tensor([0.07, 0.0])
    out = warp_sharply(steps, grid)
    assert out.min() >= 0
    assert out.max() <= 1
    assert (out[..., -1] == steps[..., -1]).all()


@pytest.mark.parametrize("expanded", [False, True])
@pytest.mark.parametrize("channels_last", [False, True])
def test_maps_are_read_by_rows_as_pictures_are_by_pixels(expanded, channels_last) -> None:
    random = torch.Generator().manual_seed(3)
    maps = torch.randn(1 if expanded else 3, 40, 12, 17, generator=random)
    if channels_last:
        maps = maps.contiguous(memory_format=torch.channels_last)
    maps = maps.expand(3, -1, -1, -1)
    grid = identity_grid(9, 11) + 0.7 * torch.randn(3, 9, 11, 2, generator=random)
    wanted = warp(maps, grid)
    assert torch.equal(warp_maps(maps, grid), wanted)  # gradients are wanted: the same call
    with torch.inference_mode():
        found = warp_maps(maps, grid)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    assert found.is_contiguous(memory_format=torch.channels_last)
