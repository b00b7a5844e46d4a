"""Fixtures: a fake Hub with one repository, empty caches, and a registry of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import pytest
import torch
from fake_hub import FakeHub
from safetensors.torch import save

from animate_cli import hub
from animate_cli.hub import environment, transfer

REPO = "org/faces"
PATH = "nets/points.safetensors"
CONTENT = save({"a": torch.arange(50_000.0)}, metadata={"config": "{}"})
ROW = """
[[weight]]
name = "points"
kind = "a test"
licence = "{licence}"
commercial_use = "{use}"
trained_on = "nothing"
card = "none"
models = ["{model}"]
repo = "org/faces"
revision = "{revision}"

[[weight.files]]
path = "nets/points.safetensors"
{sha256}
"""


@dataclass(frozen=True)
class Shop:
    """A fake Hub and local folders: cache and registry."""

    hub: FakeHub
    folder: Path

    def register(
        self, *, revision: str, sha256: str | None, use: str = "yes", model: str = "toy"
    ) -> None:
        """Write the registry."""
        known = f'sha256 = "{sha256}"' if sha256 else ""
        row = ROW.format(revision=revision, sha256=known, use=use, model=model, licence="MIT")
        (self.folder / "embedded" / hub.REGISTRY).write_text(row)

    def pinned(self) -> None:
        """Write a registry with commit and sha256."""
        self.register(revision=self.hub.commits[REPO, "main"], sha256=digest(CONTENT))

    def unpinned(self) -> None:
        """Write a registry without commit and sha256."""
        self.register(revision="main", sha256=None)

    @property
    def kept(self) -> list[Path]:
        """Files in the Hub's cache, complete or not."""
        blobs = (self.folder / "hf").rglob("blobs/*")
        return sorted(path for path in blobs if path.is_file())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A pinned repository that is served; nothing is downloaded yet."""
    (tmp_path / "embedded").mkdir()
    monkeypatch.setattr(environment, "embedded_dir", lambda: tmp_path / "embedded")
    monkeypatch.setattr(transfer, "FIRST_PAUSE_S", 0.01)
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE", "ANIMATE_COMMERCIAL_ONLY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")  # nobody else is asked
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    with FakeHub() as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.url)
        fake.commit(REPO, {PATH: CONTENT})
        made = Shop(hub=fake, folder=tmp_path)
        made.pinned()
        yield made


@pytest.fixture(scope="session", autouse=True)
def one_client() -> Iterator[None]:
    """Close the Hub client's session before and after these tests."""
    huggingface_hub.close_session()
    yield
    huggingface_hub.close_session()
