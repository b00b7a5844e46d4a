"""Fixtures for tests of the whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_world import ToyLandmarker, ToyProposer, ToyWorld


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyWorld:
    """A toy world in tmp_path, which becomes the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        "animate_cli.faces.landmarks.network.load_landmarker", lambda **_: ToyLandmarker()
    )
    for module in ("stages.portrait", "faces.tracking.track"):
        monkeypatch.setattr(f"animate_cli.{module}.make_proposer", lambda _: ToyProposer())
    return ToyWorld(tmp_path)
