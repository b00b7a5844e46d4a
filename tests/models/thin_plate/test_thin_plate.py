"""The landmark grid: exact at the points, pinned at the border, free of folds."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from animate_cli.faces.points import FACING_LIDS, FACING_LIPS
from animate_cli.layers.grid import points_to_normalised, points_to_pixel, warp
from animate_cli.models.thin_plate.model import LEAST_GAP, LIDS_KEPT, LandmarkGrid, kept_apart
from animate_cli.models.thin_plate.radial_spline import RadialSpline, jacobian, limit_displacement

SIZE = 256


def _turned(points: Tensor, degrees: float, shift: tuple[float, float]) -> Tensor:
    a = math.radians(degrees)
    turn = torch.tensor([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]])
    middle = points.mean(dim=1, keepdim=True)
    return (points - middle) @ turn + middle + torch.tensor(shift)


def _yawed(points: Tensor, degrees: float) -> Tensor:
    """The face as a half cylinder, turned about its axis."""
    middle, radius = points.mean(dim=1, keepdim=True), 70.0
    x = (points[..., 0] - middle[..., 0]) / radius
    out = points.clone()
    out[..., 0] = middle[..., 0] + radius * torch.sin(torch.asin(x) + math.radians(degrees)) * 0.8
    return out


def _least_jacobian(grid: Tensor) -> float:
    flow_px = points_to_pixel(grid, SIZE, SIZE) - _pixels()
    nodes = torch.arange(SIZE, dtype=torch.float32)
    return jacobian(flow_px.permute(0, 3, 1, 2), nodes).min().item()


def _pixels() -> Tensor:
    """(S, S, 2): x and y of each pixel."""
    nodes = torch.arange(SIZE, dtype=torch.float32)
    y, x = torch.meshgrid(nodes, nodes, indexing="ij")
    return torch.stack((x, y), dim=-1)


def _read(grid: Tensor, points: Tensor) -> Tensor:
    """Where the grid points at these output pixels, px: (B, K, 2)."""
    at = points_to_normalised(points, SIZE, SIZE)[:, None]
    found = warp(grid.permute(0, 3, 1, 2), at)[:, :, 0].transpose(1, 2)
    return points_to_pixel(found, SIZE, SIZE)


def _gaping(points: Tensor) -> Tensor:
    """The lower lip and the chin fall."""
    out = points.clone()
    out[:, [55, 56, 57, 58, 59, 65, 66, 67]] += torch.tensor([0.0, 20.0])
    out[:, 5:12] += torch.tensor([0.0, 16.0])
    return out


MOTIONS = {
    "shift": lambda p: p + torch.tensor([10.0, -6.0]),
    "roll": lambda p: _turned(p, 12, (3.0, 2.0)),
    "yaw": lambda p: _yawed(p, 10),
    "jitter": lambda p: p + torch.randn(p.shape, generator=torch.Generator().manual_seed(2)) * 0.3,
}


@pytest.mark.parametrize("motion", MOTIONS)
def test_landmarks_land_exactly(face_points: Tensor, motion: str) -> None:
    output = MOTIONS[motion](face_points)
    found = _read(LandmarkGrid(SIZE).grid(face_points, output), output)
    assert (found - face_points).norm(dim=-1).max() < 0.05


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_border_stays(face_points: Tensor, motion: str) -> None:
    _stays(face_points, MOTIONS[motion](face_points))


def test_the_border_stays_where_a_mouth_gapes_close_to_it(face_points: Tensor) -> None:
    low = face_points + torch.tensor([0.0, 30.0])
    _stays(low, _gaping(low))


def _stays(face_points: Tensor, output: Tensor) -> None:
    grid = LandmarkGrid(SIZE).grid(face_points, output)
    still = LandmarkGrid(SIZE).grid(face_points, face_points)
    for edge in (grid[:, 0], grid[:, -1], grid[:, :, 0], grid[:, :, -1]):
        assert edge.shape == (1, SIZE, 2)
    moved = (grid - still).abs().amax(dim=(0, 3))
    assert max(moved[0].max(), moved[-1].max(), moved[:, 0].max(), moved[:, -1].max()) == 0


@pytest.mark.parametrize("shift", [(1.0, 0.0), (-2.0, 1.0), (0.0, 3.0)])
def test_small_motions_leave_the_far_background_as_it_is(
    face_points: Tensor, shift: tuple[float, float]
) -> None:
    maker = LandmarkGrid(SIZE)
    moved = maker.grid(face_points, face_points + torch.tensor(shift)) - maker._identity
    flow_px = (moved * SIZE / 2).norm(dim=-1)[0]
    for far in (flow_px[:40, :40], flow_px[:40, -40:], flow_px[:160, :30], flow_px[:160, -30:]):
        assert far.max() < 0.05 * math.hypot(*shift)


def test_shortening_keeps_directions_and_ends_at_zero() -> None:
    field = torch.randn(2, 2, 5, 5, generator=torch.Generator().manual_seed(1))
    by = torch.rand(2, 1, 5, 5, generator=torch.Generator().manual_seed(2))
    out, length = limit_displacement(field, by), field.norm(dim=1, keepdim=True)
    torch.testing.assert_close(out.norm(dim=1, keepdim=True), (length - by).clamp_min(0))
    assert ((out * field).sum(dim=1) >= 0).all()
    torch.testing.assert_close(limit_displacement(field, 0 * by), field)


def test_no_motion_is_the_identity(face_points: Tensor) -> None:
    maker = LandmarkGrid(SIZE)
    assert torch.equal(maker.grid(face_points, face_points), maker._identity)


@pytest.mark.parametrize(
    "output",
    [
        lambda p: _turned(p, 25, (0.0, 0.0)),
        lambda p: _turned(p, -25, (5.0, 0.0)),
        lambda p: _yawed(p, 30),
        lambda p: _yawed(p, -30),
        lambda p: p + torch.tensor([22.0, 0.0]),
        lambda p: p + torch.tensor([0.0, -22.0]),
        lambda p: p + torch.tensor([300.0, 0.0]),
    ],
)
def test_large_motion_does_not_fold(face_points: Tensor, output) -> None:  # type: ignore[no-untyped-def]
    assert _least_jacobian(LandmarkGrid(SIZE).grid(face_points, output(face_points))) > 0


def test_a_mouth_that_was_shut_opens_to_its_points(face_points: Tensor) -> None:
    """A smooth field alone leaves the lips where they are, and spreads them over the opening."""
    shut, output = face_points.clone(), face_points.clone()
    for upper, lower in FACING_LIPS:
        shut[:, [upper, lower]] = shut[:, [upper, lower]].mean(dim=1, keepdim=True)
    output[:, [55, 56, 57, 58, 59, 65, 66, 67]] += torch.tensor([0.0, 14.0])
    output[:, 5:12] += torch.tensor([0.0, 10.0])
    shut, output = kept_apart(shut, output)
    grid = LandmarkGrid(SIZE).grid(shut, output)
    apart = (_read(grid, output) - shut)[:, 48:68].norm(dim=-1)
    assert apart.mean() < 0.3
    middle = _read(grid, output[:, [62, 66]].mean(dim=1, keepdim=True))[0, 0]
    upper, lower = shut[0, [62, 66]]
    assert upper[1] - 0.1 < middle[1] < lower[1] + 0.1
    jaw = (_read(grid, output) - shut)[0, 4:13].norm(dim=-1)
    assert jaw.max() < 2.5


def test_shut_eyes_and_coincident_points_stay_tidy(face_points: Tensor) -> None:
    output = face_points.clone()
    for upper, lower in ((37, 41), (38, 40), (68, 69), (43, 47), (44, 46), (70, 71)):
        output[:, [upper, lower]] = output[:, [upper, lower]].mean(dim=1, keepdim=True)
    grid = LandmarkGrid(SIZE).grid(face_points, output)
    assert torch.isfinite(grid).all()
    assert _least_jacobian(grid) > 0
    brows = list(range(17, 27))
    assert (_read(grid, output)[:, brows] - face_points[:, brows]).norm(dim=-1).max() < 1.0


@pytest.mark.parametrize("outside", [0.0, 1.5])
def test_lids_that_meet_or_cross_shut_the_eye_and_bend_nothing_else(
    face_points: Tensor, outside: float
) -> None:
    """A landmark network may put the upper lid of a shut eye below the lower one."""
    shut = face_points.clone()
    for upper, lower in FACING_LIDS:
        shut[:, upper] = shut[:, lower] + torch.tensor([0.0, outside])
    grid = LandmarkGrid(SIZE).grid(face_points, shut)
    flow = points_to_pixel(grid, SIZE, SIZE) - _pixels()
    largest = (face_points - shut).norm(dim=-1).max()
    assert flow.norm(dim=-1).max() < 1.5 * largest
    above = _read(grid, shut[:, [69, 71]] - torch.tensor([0.0, 3.0]))
    below = _read(grid, shut[:, [69, 71]] + torch.tensor([0.0, 3.0 + outside]))
    assert (above[..., 1] <= face_points[:, [68, 70], 1]).all()
    assert (below[..., 1] >= face_points[:, [69, 71], 1]).all()


@pytest.mark.parametrize(
    "output",
    [
        lambda p: p + torch.tensor([300.0, 300.0]),
        lambda p: p.mean(dim=1, keepdim=True) + 1.5 * (p - p.mean(dim=1, keepdim=True)),
        lambda p: _yawed(p, 30) + torch.tensor([25.0, 10.0]),
    ],
)
@pytest.mark.parametrize("coarseness", [1.0, 2.0])
def test_the_border_stays_where_the_grid_would_fold(
    face_points: Tensor, output: Callable[[Tensor], Tensor], coarseness: float
) -> None:
    large = face_points.mean(dim=1, keepdim=True)
    large = large + 1.3 * (face_points - large)
    grid = LandmarkGrid(SIZE, coarseness=coarseness).grid(large, output(large))
    flow_px = points_to_pixel(grid, SIZE, SIZE)[0] - _pixels()
    for edge in (flow_px[0], flow_px[-1], flow_px[:, 0], flow_px[:, -1]):
        assert edge.abs().max() < 1e-3


@pytest.mark.parametrize("shift", [(-90.0, 0.0), (90.0, 0.0), (0.0, -110.0), (0.0, 110.0)])
def test_a_face_that_reaches_over_the_edge_is_left_where_it_is(
    face_points: Tensor, shift: tuple[float, float]
) -> None:
    outside = face_points + torch.tensor(shift)
    assert not ((outside > 0) & (outside < SIZE - 1)).all()
    maker = LandmarkGrid(SIZE)
    assert torch.equal(maker.keep_room(outside, outside), outside)
    reached = maker.keep_room(outside, outside + torch.tensor(shift))
    assert (reached - outside).norm(dim=-1).max() < 45


def _apart(points: Tensor, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    return torch.stack([points[0, lower, 1] - points[0, upper, 1] for upper, lower in pairs])


def test_facing_points_are_put_in_order_and_pupils_between_them(face_points: Tensor) -> None:
    pairs = FACING_LIDS + FACING_LIPS
    crossed = face_points.clone()
    for upper, lower in pairs:
        crossed[:, upper, 1] = face_points[:, lower, 1] + 2
    source, output = kept_apart(face_points, crossed)
    assert torch.equal(source, face_points)
    assert (_apart(output, FACING_LIDS) >= 0.99 * LEAST_GAP * 22).all()
    assert (_apart(output, FACING_LIPS) >= 0.99 * LEAST_GAP * 34).all()
    lids = _apart(output, FACING_LIDS) / _apart(face_points, FACING_LIDS)
    assert (lids >= 0.99 * LIDS_KEPT).all()
    for pupil, upper, lower in ((72, 68, 69), (73, 70, 71)):
        assert output[0, upper, 1] - 1e-3 <= output[0, pupil, 1] <= output[0, lower, 1] + 1e-3
    torch.testing.assert_close(kept_apart(source, output)[1], output)
    torch.testing.assert_close(kept_apart(crossed, face_points)[1], face_points)
    assert (_apart(kept_apart(crossed, face_points)[0], pairs) > 0).all()


def test_the_head_follows_and_the_far_background_does_not(face_points: Tensor) -> None:
    output = face_points + torch.tensor([12.0, 0.0])
    grid = LandmarkGrid(SIZE).grid(face_points, output)
    crown = torch.tensor([[[128.0 + 12, 66.0]]])  # hair, above the brows
    corner = torch.tensor([[[12.0, 12.0], [243.0, 20.0]]])
    assert (_read(grid, crown) - crown)[0, 0, 0] < -7
    assert (_read(grid, corner) - corner).norm(dim=-1).max() < 1.5


def test_the_spline_reproduces_affine_fields() -> None:
    controls = torch.rand(1, 40, 2, generator=torch.Generator().manual_seed(3)) * 200 + 28
    values = controls @ torch.tensor([[0.05, 0.02], [-0.03, 0.04]]) + torch.tensor([2.0, -1.0])
    spline = RadialSpline(SIZE)
    everywhere = torch.ones(1, len(spline.nodes), len(spline.nodes))
    field = spline.field(controls, values, everywhere[0], 0 * everywhere)
    y, x = torch.meshgrid(torch.arange(256.0), torch.arange(256.0), indexing="ij")
    expected = torch.stack((0.05 * x - 0.03 * y + 2, 0.02 * x + 0.04 * y - 1))
    torch.testing.assert_close(field[0], expected, atol=2e-2, rtol=0)


def test_a_brow_keeps_its_thickness_when_the_lids_below_it_close(face_points: Tensor) -> None:
    shut = face_points.clone()
    for upper, lower in FACING_LIDS:
        shut[:, upper] = shut[:, lower]
    grid = LandmarkGrid(SIZE).grid(face_points, shut)
    between = (face_points[:, 45] - face_points[:, 36]).norm()
    under = face_points[:, 19:20] + torch.tensor([0.0, 1.0]) * 0.09 * between
    assert (_read(grid, under) - under).norm() < 0.25


def test_the_contour_between_two_jaw_points_follows_them(face_points: Tensor) -> None:
    """However far apart they are: the middle of a wide gap moves as its ends do."""
    sparse = face_points.clone()
    sparse[:, [9, 10, 11]] = sparse[:, [8]] + torch.tensor([[6.0, 0.0], [10.0, -1.0], [14.0, -2.0]])
    sparse[:, [12, 13, 14]] = sparse[:, [15]] - torch.tensor(
        [[3.0, -9.0], [2.0, -6.0], [1.0, -3.0]]
    )
    output = sparse.clone()
    output[:, 9:17, 0] -= 12
    grid = LandmarkGrid(SIZE).grid(sparse, output)
    middles = [(p[:, 11:12] + p[:, 12:13]) / 2 for p in (output, sparse)]
    assert (_read(grid, middles[0]) - middles[1]).norm() < 0.5
