"""Points followed between pictures whose motion is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from animate_cli.layers.colour import grey
from animate_cli.layers.grid import points_to_normalised, points_to_pixel
from animate_cli.layers.lucas_kanade import (
    RIDGE,
    LucasKanade,
    follow,
    smaller_eigenvalue,
    track,
)

HEIGHT, WIDTH = 48, 64


def scene(shift_x: float = 0.0, shift_y: float = 0.0, dtype=torch.float32) -> Tensor:
    """A smooth texture (1, 1, H, W), moved exactly by pixels and parts of them: it is a formula."""
    y, x = torch.meshgrid(
        torch.arange(HEIGHT, dtype=dtype), torch.arange(WIDTH, dtype=dtype), indexing="ij"
    )
    x, y = x - shift_x, y - shift_y
    waves = (
        1.5 * torch.sin(0.31 * x + 0.12 * y)
        + 1.5 * torch.sin(0.29 * y - 0.21 * x + 1.0)
        + 1.5 * torch.cos(0.36 * x - 0.33 * y + 0.4)
        + 2 * torch.sin(0.12 * x + 0.05 * y)
        + 2 * torch.cos(0.13 * y - 0.04 * x)
    )
    return (0.5 + waves / 10)[None, None]


def spots(dtype=torch.float32) -> Tensor:
    """Points (1, K, 2) in pixels, off the pixel centres, away from the edges."""
    x, y = torch.meshgrid(
        torch.arange(16.3, 50, 6, dtype=dtype),
        torch.arange(14.6, 36, 7, dtype=dtype),
        indexing="ij",
    )
    return torch.stack((x, y), dim=-1).reshape(1, -1, 2)


def normalised(px: Tensor) -> Tensor:
    return points_to_normalised(px, HEIGHT, WIDTH)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.37, -0.21), (-1.4, 0.8), (2.9, 2.3), (-3.6, 3.1)])
def test_known_shifts_are_found_to_a_twentieth_of_a_pixel(shift):
    px = spots()
    seen = track(scene(), scene(*shift), normalised(px), LucasKanade())
    found = points_to_pixel(seen.points, HEIGHT, WIDTH)
    torch.testing.assert_close(found - px, torch.tensor(shift).expand_as(px), atol=0.05, rtol=0)
    assert seen.drift_px.max() < 0.05


def naive(before: Tensor, after: Tensor, start: list[float], how: LucasKanade) -> list[float]:
    """One point, one level, in loops over pixels and scalars."""

    def value(image: Tensor, x: float, y: float) -> float:
        x, y = min(max(x, 0), WIDTH - 1), min(max(y, 0), HEIGHT - 1)
        i, j = min(int(x), WIDTH - 2), min(int(y), HEIGHT - 2)
        a, b = x - i, y - j
        c = image[0, 0]
        top = (1 - a) * c[j, i] + a * c[j, i + 1]
        return float((1 - b) * top + b * ((1 - a) * c[j + 1, i] + a * c[j + 1, i + 1]))

    def slope(x: float, y: float) -> tuple[float, float]:
        return (
            (value(before, x + 1, y) - value(before, x - 1, y)) / 2,
            (value(before, x, y + 1) - value(before, x, y - 1)) / 2,
        )

    reach = range(-how.radius, how.radius + 1)
    weights = {
        (u, v): 2.718281828459045 ** (-(u * u + v * v) / (2 * how.window**2))
        for u in reach
        for v in reach
    }
    total = sum(weights.values())
    x, y = start
    for _ in range(how.iterations):
        hxx = hxy = hyy = bx = by = 0.0
        for (u, v), w in weights.items():
            gx, gy = slope(start[0] + u, start[1] + v)
            e = value(after, x + u, y + v) - value(before, start[0] + u, start[1] + v)
            hxx, hxy, hyy = hxx + w * gx * gx, hxy + w * gx * gy, hyy + w * gy * gy
            bx, by = bx + w * gx * e, by + w * gy * e
        hxx, hxy, hyy = hxx / total + RIDGE, hxy / total, hyy / total + RIDGE
        bx, by = bx / total, by / total
        d = hxx * hyy - hxy * hxy
        x, y = x - (hyy * bx - hxy * by) / d, y - (hxx * by - hxy * bx) / d
    return [x, y]


def test_it_is_lucas_and_kanades_method():
    how = LucasKanade(radius=3, levels=1, iterations=3)
    before, after = scene(dtype=torch.float64), scene(0.9, -0.6, dtype=torch.float64)
    px = spots(torch.float64)[:, ::5]
    found = points_to_pixel(follow(before, after, normalised(px), how), HEIGHT, WIDTH)
    expected = torch.tensor(
        [naive(before, after, p.tolist(), how) for p in px[0]], dtype=torch.float64
    )
    torch.testing.assert_close(found[0], expected, atol=1e-6, rtol=0)


def test_points_and_pairs_do_not_see_each_other():
    px = spots()
    two = torch.cat((scene(1.2, 0.4), scene(-0.7, 2.0)))
    both = follow(
        scene().expand(2, -1, -1, -1), two, normalised(px).expand(2, -1, -1), LucasKanade()
    )
    for i in range(2):
        alone = follow(scene(), two[i : i + 1], normalised(px[:, 3:4]), LucasKanade())
        torch.testing.assert_close(both[i, 3:4], alone[0], atol=1e-5, rtol=0)


def test_gradients_reach_where_a_point_came_from():
    how = LucasKanade(radius=2, window=1.5, levels=2, iterations=2)
    before, after = scene(dtype=torch.float64), scene(0.6, 0.3, dtype=torch.float64)
    start = normalised(spots(torch.float64)[:, 4:6]).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: follow(before, after, p, how), (start,), eps=1e-7)


def test_a_point_that_starts_further_right_ends_further_right():
    """Where everything moves alike, the end follows the start one to one."""
    start = normalised(spots()).requires_grad_()
    follow(scene(), scene(0.8, 0.5), start, LucasKanade(iterations=8)).sum().backward()
    slope = start.grad
    assert slope is not None
    torch.testing.assert_close(slope.mean(dim=1), torch.ones(1, 2), atol=0.1, rtol=0)
    assert (slope > 0.4).all()


def covered(image: Tensor) -> Tensor:
    """A hand with a texture of its own over the right half."""
    hand = torch.rand(1, 1, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    out = image.clone()
    out[..., 34:] = hand[..., 34:]
    return out


def test_a_covered_patch_is_refused_and_the_rest_kept():
    px = spots()
    seen = track(scene(), covered(scene(1.1, 0.7)), normalised(px), LucasKanade())
    trusted = seen.trusted(most_drift_px=0.3, least_texture=1e-5)[0].bool()
    assert not trusted[px[0, :, 0] > 40].any()
    assert trusted[px[0, :, 0] < 26].all()


def test_flat_patches_and_straight_edges_have_no_texture():
    edge = torch.sigmoid(torch.arange(WIDTH) - 32.0).expand(1, 1, HEIGHT, WIDTH)
    flat = torch.full((1, 1, HEIGHT, WIDTH), 0.4)
    middle = normalised(torch.tensor([[[32.0, 24.0]]]))
    for image in (edge, flat):
        seen = track(image, image, middle, LucasKanade())
        assert seen.texture.item() < 1e-6
        assert not seen.trusted(most_drift_px=1.0, least_texture=1e-5).any()
    assert track(scene(), scene(), middle, LucasKanade()).texture.item() > 1e-4


def test_a_flat_picture_gives_no_step_and_a_finite_gradient():
    flat = torch.full((1, 1, HEIGHT, WIDTH), 0.4)
    start = normalised(spots()).requires_grad_()
    end = follow(flat, flat, start, LucasKanade())
    torch.testing.assert_close(end, start, atol=1e-5, rtol=0)
    end.sum().backward()
    assert torch.isfinite(start.grad).all()


def test_points_that_leave_the_picture_are_not_trusted():
    seen = track(scene(), scene(), torch.tensor([[[1.2, 0.0]]]), LucasKanade())
    assert not seen.trusted(most_drift_px=1.0, least_texture=0.0).any()


def test_eigenvalue_and_grey_against_torch():
    a = torch.randn(5, 2, 2, dtype=torch.float64)
    h = a @ a.transpose(-1, -2)
    torch.testing.assert_close(smaller_eigenvalue(h), torch.linalg.eigvalsh(h)[:, 0])
    colour = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    torch.testing.assert_close(grey(colour), torch.full((1, 1, 2, 2), 0.4559))
