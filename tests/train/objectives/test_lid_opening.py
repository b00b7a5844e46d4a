"""Openings of eyes."""

import numpy as np
import pytest
import torch

from animate_cli.train.objectives.landmarks.lid_opening import is_shut, lid_openings, slope


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


def test_eyes_without_labels_are_not_shut():
    points = eyes(0.1)
    points[68:74] = np.nan
    assert not is_shut(points)


def opened(found: float, true: tuple[float, ...], known: torch.Tensor) -> torch.Tensor:
    """Openings of eyes that are found open by so much of what they are."""
    seen, where = (torch.from_numpy(np.stack([eyes(s * o) for o in true])) for s in (found, 1))
    return lid_openings(seen, where, known)


def test_the_slope_is_the_share_of_the_differences_that_is_seen():
    known = torch.ones(3, 74, dtype=torch.bool)
    assert slope(opened(1.0, (0.0, 0.1, 0.3), known)) == pytest.approx(1.0)
    assert slope(opened(0.5, (0.0, 0.1, 0.3), known)) == pytest.approx(0.5)


@pytest.mark.parametrize("point", [36, 39, 68, 69])
def test_eyes_that_are_not_labelled_do_not_count(point):
    """What stands in for the missing label of a right eye is no opening."""
    known = torch.ones(4, 74, dtype=torch.bool)
    known[2:, point] = False
    found = torch.from_numpy(np.stack([eyes(o / 2) for o in (0.1, 0.3, 0.1, 0.3)]))
    true = torch.from_numpy(np.stack([eyes(o) for o in (0.1, 0.3, 0.1, 0.3)]))
    true[2:, point] = 0.0
    both = lid_openings(found, true, known)
    assert both.shape == (2, 6)
    assert slope(both) == pytest.approx(0.5)
    assert np.isnan(slope(lid_openings(found, true, torch.zeros_like(known))))
