"""Fixtures: a frontal face in a 256 x 256 square, as 74 points and as a picture."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor


def _arc(
    centre: tuple[float, float], radii: tuple[float, float], degrees: list[float]
) -> list[tuple[float, float]]:
    turns = [math.radians(angle) for angle in degrees]
    return [(centre[0] + radii[0] * math.cos(a), centre[1] + radii[1] * math.sin(a)) for a in turns]


def _eye(x: float) -> list[tuple[float, float]]:
    return _arc((x, 120.0), (11.0, 4.5), [180, 240, 300, 0, 60, 120])


@pytest.fixture
def face_points() -> Tensor:
    """(1, 74, 2)"""
    points = _arc((128.0, 118.0), (50.0, 66.0), [185 - 190 * k / 16 for k in range(17)])
    points += _arc((101.0, 112.0), (15.0, 8.0), [190, 230, 270, 310, 350])
    points += _arc((155.0, 112.0), (15.0, 8.0), [190, 230, 270, 310, 350])
    points += [(128.0, 118.0 + 9 * k) for k in range(4)]
    points += [(118.0 + 5 * k, 152.0 + 2 * (2 - abs(k - 2))) for k in range(5)]
    points += _eye(101.0) + _eye(155.0)
    points += _arc((128.0, 168.0), (20.0, 9.0), [180 + 30 * k for k in range(12)])
    points += _arc((128.0, 168.0), (17.0, 3.0), [180 + 45 * k for k in range(8)])
    points += [(101.0, 115.3), (101.0, 124.7), (155.0, 115.3), (155.0, 124.7)]
    points += [(101.0, 120.0), (155.0, 120.0)]
    return torch.tensor(points)[None]


@pytest.fixture
def face_picture() -> Tensor:
    """Smooth colours, (1, 3, 256, 256) in [0, 1]."""
    seeds = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(5))
    return torch.nn.functional.interpolate(seeds, (256, 256), mode="bicubic").clamp(0, 1)
