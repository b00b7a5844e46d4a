"""Random numbers of tests: fixed seeds for what they draw, and a random order to run them in."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


def seed_everything() -> None:
    """Seed the global generators of Python, and of NumPy and torch where they are imported."""
    random.seed(0)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@contextmanager
def seeded_apart() -> Iterator[None]:
    """Draw from the fixed seeds inside; outside, the generators go on as if nothing was drawn."""
    python = random.getstate()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    numpy_state = numpy.random.get_state() if numpy else None
    torch_state = torch.get_rng_state() if torch else None
    seed_everything()
    try:
        yield
    finally:
        seed_everything()
        random.setstate(python)
        if numpy:
            numpy.random.set_state(numpy_state)
        if torch:
            torch.set_rng_state(torch_state)


def in_random_order(items: list[pytest.Item], seed: int) -> list[pytest.Item]:
    """Files in a random order, and the tests of each: what they share is still made once a file."""
    order = random.Random(seed)
    by_file: dict[object, list[pytest.Item]] = {}
    for item in items:
        by_file.setdefault(item.path, []).append(item)
    files = list(by_file.values())
    order.shuffle(files)
    for tests in files:
        order.shuffle(tests)
    return [item for tests in files for item in tests]
