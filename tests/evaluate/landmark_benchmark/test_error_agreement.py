"""The three-cornered hat recovers planted errors."""

import numpy as np
import pytest

from animate_cli.evaluate.landmark_benchmark.error_agreement import (
    COMPARED,
    ExternalPoints,
    error_agreement,
)
from animate_cli.faces.points import OUTER_EYE_CORNERS

FACES, EYES_APART_PX = 4000, 50.0
EVERY = tuple(range(74))


def truth(rng: np.random.Generator) -> np.ndarray:
    """Upright faces about a mean shape, none of them turned."""
    mean = np.zeros((74, 2))
    mean[36:42], mean[42:48], mean[48:60] = (30, 40), (70, 40), (50, 80)
    right, left = OUTER_EYE_CORNERS
    mean[right], mean[left] = (25, 40), (25 + EYES_APART_PX, 40)
    return mean + rng.normal(0, 20, (FACES, 1, 2))


def noise(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Errors of all points but eyes and lips, which define the unit and tilt of a face."""
    error = rng.normal(0, sigma, (FACES, 74, 2))
    error[:, list(range(36, 60))] = 0
    return error


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_of_the_labels_error_that_is_repeated(share):
    rng = np.random.default_rng(0)
    true, of_label, own = truth(rng), noise(rng, 2.0), noise(rng, 1.0)
    external = tuple(ExternalPoints(points=EVERY, found=true + noise(rng, 3.0)) for _ in range(2))
    found = true + share * of_label + own
    got = error_agreement(found, true + of_label, external, EVERY)
    free = sum(k not in range(36, 60) for k in COMPARED) / len(COMPARED)
    planted = np.sqrt(2 * free * ((share * 2) ** 2 + 1)) / EYES_APART_PX
    assert got.copied == pytest.approx(share, abs=0.02)
    assert got.error == pytest.approx(100 * planted, rel=0.02)


def test_another_definition_of_a_point_is_no_error():
    rng = np.random.default_rng(1)
    true, of_label = truth(rng), noise(rng, 2.0)
    one, other = (ExternalPoints(points=EVERY, found=true + noise(rng, 1.0)) for _ in range(2))
    moved = ExternalPoints(points=EVERY, found=other.found + rng.normal(0, 5, (1, 74, 2)))
    found = true + noise(rng, 1.0)
    same = error_agreement(found, true + of_label, (one, other), EVERY)
    assert error_agreement(found, true + of_label, (one, moved), EVERY).error == pytest.approx(
        same.error
    )


def test_only_points_that_all_detectors_give_are_compared():
    rng = np.random.default_rng(2)
    true = truth(rng)
    some, others = (17, 20, 30, 72), (20, 30, 60)
    external = (
        ExternalPoints(points=some, found=true[:, list(some)]),
        ExternalPoints(points=others, found=true[:, list(others)]),
    )
    assert error_agreement(true, true + noise(rng, 1.0), external, EVERY).points == 2
    assert error_agreement(true, true + noise(rng, 1.0), external, (30,)).points == 1
