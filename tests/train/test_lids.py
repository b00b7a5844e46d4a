"""Openings of eyes."""

import numpy as np
import pytest
import torch

from animate_cli.train.lids import is_shut, lid_openings, slope


def eyes(opening: float) -> np.ndarray:
    """74 points with both eyes 1 wide and `opening` high."""
    points = np.zeros((74, 2), np.float32)
    points[[39, 45]] = (1.0, 0.0)
    points[[69, 71]] = (0.5, opening)
    points[[68, 70]] = (0.5, 0.0)
    return points


def test_shut_eyes_are_told_from_open_ones_at_any_size():
    assert is_shut(eyes(0.1))
    assert is_shut(100 * eyes(0.1))
    assert not is_shut(eyes(0.3))


def test_the_slope_is_the_share_of_the_differences_that_is_seen():
    true = torch.from_numpy(np.stack([eyes(o) for o in (0.0, 0.1, 0.3)]))
    half = torch.from_numpy(np.stack([eyes(0.2 + o / 2) for o in (0.0, 0.1, 0.3)]))
    assert slope(lid_openings(true, true)) == pytest.approx(1.0)
    assert slope(lid_openings(half, true)) == pytest.approx(0.5)
