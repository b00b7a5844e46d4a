"""How far eyes and lips are open."""

from __future__ import annotations

import pytest
import torch

from animate_cli.models.liveportrait.eye_lip_ratio import EYES, MOUTH, openness


def test_gaps_over_widths_whatever_the_size_and_tilt() -> None:
    points = torch.zeros(2, 74, 2, dtype=torch.float64)
    places = {36: (0, 0), 39: (10, 0), 68: (5, -2), 69: (5, 1), 48: (0, 20), 54: (20, 20)}
    places |= {42: (20, 0), 45: (30, 0), 70: (25, 0), 71: (25, 0), 62: (10, 19), 66: (10, 24)}
    for index, place in places.items():
        points[0, index] = torch.tensor(place, dtype=torch.float64)
    turn = torch.tensor([[0.6, 0.8], [-0.8, 0.6]], dtype=torch.float64)
    points[1] = 3 * points[0] @ turn + 7
    for given in openness(points):
        assert given[EYES].tolist() == pytest.approx([0.3, 0.0])
        assert given[MOUTH].tolist() == pytest.approx([0.25])


def test_points_upon_each_other_are_shut() -> None:
    assert torch.equal(openness(torch.ones(1, 74, 2)), torch.zeros(1, 3))
