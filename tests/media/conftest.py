"""Fixtures of the media tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from clips import make_clip

from animate_cli.media.provenance import Marking


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Make a clip in the test's folder: clip("a.mp4", frames=20, ...)."""
    return lambda name, **wishes: make_clip(tmp_path / name, **wishes)


@pytest.fixture
def marking() -> Marking:
    """The provenance mark of a test's output."""
    return Marking(
        version="1.2.3",
        model="thin_plate",
        weights=(("points", "ab" * 32),),
        source_sha256="cd" * 32,
        driver_sha256="ef" * 32,
    )
