"""A rigid head: what cameras fitted to some of its points say of all others."""

from __future__ import annotations

import torch
from torch import Tensor

from animate_cli.faces.shape3d.rigid_head import RIGID, RIGID_XYZ
from animate_cli.layers.grid import pixel_to_normalised
from animate_cli.models.sparse_to_dense.carried import Head, HeadConfig

SIZE = 64
DEPTH = -0.7
HEAD = Head(HeadConfig(landmarks=RIGID, points=RIGID_XYZ, depth=DEPTH))


def camera(yaw_deg: float, roll_deg: float, scale: float, x: float, y: float) -> Tensor:
    """Scaled orthography: (1, 2, 4)."""
    a, b = torch.deg2rad(torch.tensor((yaw_deg, roll_deg)))
    yaw = torch.tensor([[a.cos(), 0, a.sin()], [0, 1, 0], [-a.sin(), 0, a.cos()]])
    roll = torch.tensor([[b.cos(), -b.sin(), 0], [b.sin(), b.cos(), 0], [0, 0, 1]])
    linear = scale * (roll @ yaw)[:2]
    return torch.cat((linear, torch.tensor([[x], [y]])), dim=1)[None]


def seen(by: Tensor, points: Tensor) -> Tensor:
    """(1, 2, 4), (N, 3) -> (1, N, 2)."""
    return torch.cat((points, torch.ones(len(points), 1)), dim=1) @ by.transpose(1, 2)


def landmarks(by: Tensor) -> Tensor:
    every = torch.zeros(1, 74, 2)
    every[:, list(RIGID)] = seen(by, torch.tensor(RIGID_XYZ))
    return every


SOURCE, DRIVER = camera(5, -3, 0.4, 0.05, -0.1), camera(-20, 8, 0.45, -0.1, 0.05)


def at_pixels(maps: Tensor, where: Tensor) -> Tensor:
    """maps (1, 2, s, s), bilinear, at (1, N, 2) -> (1, N, 2)."""
    axis = pixel_to_normalised(torch.arange(SIZE), SIZE)
    step = float(axis[1] - axis[0])
    index = (where - axis[0]) / step
    low = index.floor().long().clamp(0, SIZE - 2)
    share = index - low
    read = torch.zeros_like(where)
    for dy in (0, 1):
        for dx in (0, 1):
            weight = (share[..., 0] if dx else 1 - share[..., 0]) * (
                share[..., 1] if dy else 1 - share[..., 1]
            )
            value = maps[0][:, low[0, :, 1] + dy, low[0, :, 0] + dx].T
            read = read + weight[..., None] * value
    return read


def test_cameras_are_found() -> None:
    assert torch.allclose(HEAD.camera(landmarks(SOURCE)), SOURCE, atol=1e-5)


def test_points_are_carried_whatever_their_depth() -> None:
    flow, parallax = HEAD.carried(SOURCE, DRIVER, SIZE)
    points = torch.rand(50, 3) * 1.2 - 0.6
    there, here = seen(DRIVER, points), seen(SOURCE, points)
    deeper = points[None, :, 2:] - DEPTH
    assert torch.allclose(
        at_pixels(flow, there) + deeper * parallax[:, None], here - there, atol=1e-4
    )


def test_nothing_moves_between_equal_poses() -> None:
    flow, parallax = HEAD.carried(DRIVER, DRIVER, SIZE)
    assert flow.abs().max() < 1e-5
    assert parallax.abs().max() < 1e-6


def test_places_are_the_heads_own() -> None:
    points = torch.cat((torch.rand(50, 2) * 1.2 - 0.6, torch.zeros(50, 1)), dim=1)
    places = HEAD.places(DRIVER, SIZE)
    assert torch.allclose(at_pixels(places, seen(DRIVER, points)), points[None, :, :2], atol=1e-4)


def test_a_profile_gives_numbers() -> None:
    flow, parallax = HEAD.carried(SOURCE, camera(90, 0, 0.4, 0, 0), SIZE)
    assert flow.isfinite().all()
    assert parallax.isfinite().all()
