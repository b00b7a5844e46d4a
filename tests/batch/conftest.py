"""A folder of toy jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_batch import Toys


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toys:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    return Toys(tmp_path)
