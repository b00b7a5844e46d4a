"""Each test draws the same random numbers, whatever ran before it."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from seeds import in_random_order


def draw() -> list[float]:
    return [random.random(), float(np.random.rand()), float(torch.rand(1))]  # noqa: NPY002


@pytest.fixture(scope="module")
def shared() -> list[list[float]]:
    return [draw() for _ in range(3)]


@pytest.fixture(scope="module")
def drawn_by_tests() -> list[list[list[float]]]:
    return []


@pytest.mark.parametrize("test", range(3))
def test_tests_and_shared_fixtures_draw_alike(
    test: int, drawn_by_tests: list[list[list[float]]], request: pytest.FixtureRequest
) -> None:
    """Also in the test that happens to make the fixture, here between two draws."""
    first = draw()
    shared = request.getfixturevalue("shared")
    drawn_by_tests.append([first, draw(), draw()])
    assert drawn_by_tests[-1] == drawn_by_tests[0] == shared


def test_a_random_order_keeps_a_files_tests_together() -> None:
    items = [SimpleNamespace(path=Path(file), name=n) for file in "abcd" for n in range(9)]
    one, same, other = (in_random_order(list(items), seed) for seed in (1, 1, 2))
    assert one == same != other
    assert sorted(map(id, one)) == sorted(map(id, items))
    files = [item.path for item in one]
    assert sum(a != b for a, b in itertools.pairwise(files)) == 3
