"""Fixtures: a fake Hub with one repository, and empty caches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from fake_hub import FakeHub
from weight_shop import CONTENT, PATH, REPO, Shop

from animate_cli.hub import environment, transfer


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
