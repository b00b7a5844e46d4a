"""Fixtures of the painted world, see `painted.py`."""

from __future__ import annotations

import pytest
from painted import PaintedNetwork, PaintedProposer


@pytest.fixture
def network() -> PaintedNetwork:
    return PaintedNetwork()


@pytest.fixture
def proposer() -> PaintedProposer:
    return PaintedProposer()
