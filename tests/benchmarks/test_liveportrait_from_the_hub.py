"""Bar: with empty caches, one flag fetches LivePortrait, verifies, keeps and uses it.

The weights are random ones built by a recipe, in the layout in which the real ones are published,
served by a fake Hub: fetched once, no request in the second run, a flipped byte refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch
from fake_hub import FakeHub
from places import EXAMPLES
from recipe_weights import recipe_state
from typer.testing import CliRunner, Result

from animate_cli import hub
from animate_cli.cli.app import app
from animate_cli.hub import environment
from animate_cli.models.liveportrait.appearance_extractor import AppearanceExtractor
from animate_cli.models.liveportrait.motion_extractor import MotionExtractor
from animate_cli.models.liveportrait.spade_generator import SpadeGenerator
from animate_cli.models.liveportrait.stitching_retargeting import Eyes, Lips, StitchingNetwork
from animate_cli.models.liveportrait.warping import WarpingModule

FLAT = {
    "appearance_feature_extractor": AppearanceExtractor,
    "motion_extractor": MotionExtractor,
    "warping_module": WarpingModule,
    "spade_generator": SpadeGenerator,
}
NESTED = {"retarget_shoulder": StitchingNetwork, "retarget_eye": Eyes, "retarget_mouth": Lips}


def published(part: str) -> bytes:
    """One file as its publishers lay it out."""
    if part in FLAT:
        content: object = recipe_state(FLAT[part]())
    else:
        content = {
            branch: {f"module.{name}": value for name, value in recipe_state(network()).items()}
            for branch, network in NESTED.items()
        }
    written = io.BytesIO()
    torch.save(content, written)
    return written.getvalue()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """The Hub with these files, a registry that pins them, caches that are empty."""
    entry = hub.entry("liveportrait")
    embedded = shutil.copytree(environment.embedded_dir(), tmp_path / "embedded")
    monkeypatch.setattr(environment, "embedded_dir", lambda: embedded)
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE", "ANIMATE_COMMERCIAL_ONLY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    huggingface_hub.close_session()
    with FakeHub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        contents = {file.path: published(file.part) for file in entry.files}
        commit = served.commit(str(entry.repo), contents)
        rows = (embedded / hub.REGISTRY).read_text().replace(str(entry.revision), commit)
        for file in entry.files:
            new = contents[file.path]
            rows = rows.replace(str(file.sha256), hashlib.sha256(new).hexdigest())
            rows = rows.replace(f"size = {file.size}\n", f"size = {len(new)}\n")
        (embedded / hub.REGISTRY).write_text(rows)
        yield served


def animate(output: Path) -> Result:
    words = [EXAMPLES / "portrait.png", "-d", EXAMPLES / "driver.mp4", "-o", output, "--json"]
    short = ["--duration", "0.05", "--model", "liveportrait"]
    return CliRunner().invoke(app, [*map(str, words), *short], env={"NO_COLOR": "1"})


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_one_flag_fetches_verifies_keeps_and_uses_it(fake: FakeHub, tmp_path: Path) -> None:
    first = animate(tmp_path / "first.mp4")
    assert first.exit_code == 0, first.output
    assert "licence: MIT (commercial use: yes)" in first.stderr
    summary = json.loads(first.stdout)
    assert summary["frames"] >= 1
    assert "liveportrait" in [weights["name"] for weights in summary["weights"]]
    assert len(fake.asked("GET")) == 5
    assert hub.state("liveportrait") is hub.WeightState.OK

    asked = len(fake.requests)
    second = animate(tmp_path / "second.mp4")
    assert second.exit_code == 0, second.output
    assert len(fake.requests) == asked

    path = hub.cached_path("liveportrait", "stitching_retargeting_module")
    assert path is not None
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    third = animate(tmp_path / "third.mp4")
    assert third.exit_code == 1
    assert "sha256" in third.stderr
    assert "animate weights fetch liveportrait" in third.stderr
    assert not (tmp_path / "third.mp4").exists()
    assert len(fake.requests) == asked
