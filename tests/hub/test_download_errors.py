"""What can stop a fetch: each says what it was and what to do, and leaves nothing half-done."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_hub import FakeHub
from weight_shop import CONTENT, PATH, REPO, Shop

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.hub import environment


def refused(says: str, name: str = "points") -> str:
    """Loading fails with this message; gives the hint."""
    with pytest.raises(WeightsError, match=says) as caught:
        hub.load(name)
    assert caught.value.hint
    return caught.value.hint


def test_offline_no_request_is_made(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hint = refused("HF_HUB_OFFLINE")
    assert shop.hub.requests == []
    place = hub.cache_dir() / "points" / "points.safetensors"
    assert str(place) in hint  # the hint is an instruction that works:
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert hub.load("points")[1].keys() == {"a"}


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (f"hf://other/repo/{PATH}", "has no other/repo, or it is private"),
        (f"hf://{REPO}/{PATH}@v9", "has no revision v9"),
        (f"hf://{REPO}/nets/lines.safetensors", "not in org/faces at revision main"),
    ],
)
def test_what_is_not_published(shop: Shop, address: str, says: str) -> None:
    refused(says, address)
    assert shop.kept == []


def test_a_private_repository_wants_a_token(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.hub.faults.gate = "hf_secret"
    assert "HF_TOKEN" in refused("or it is private")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.load("points")
    assert {request.token for request in shop.hub.asked("GET")} == {"Bearer hf_secret"}


def test_a_token_is_not_shown_to_another_host(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with FakeHub() as elsewhere:
        elsewhere.commit(REPO, {PATH: CONTENT})
        shop.hub.redirect = elsewhere.url.replace("127.0.0.1", "localhost")
        hub.load("points")
        assert [request.token for request in elsewhere.asked("GET")] == [None]


def test_terms_must_be_agreed_to(shop: Shop) -> None:
    shop.hub.faults.is_gated = True
    assert "agree to its terms" in refused("asks for your agreement")


def test_a_server_that_is_busy_is_asked_again(shop: Shop) -> None:
    shop.hub.faults.statuses = [503, 429]
    hub.load("points")
    shop.hub.faults.statuses = [503] * 99
    for path in shop.kept:
        path.unlink()
    assert "try again later" in refused("the Hub answers 503")


def test_nobody_answers(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    assert "HTTPS_PROXY" in refused(f"cannot reach http://127.0.0.1:{port}")


def test_something_else_than_a_hub_answers(shop: Shop) -> None:
    shop.hub.faults.forgets_commit = True
    assert "HF_ENDPOINT" in refused("not that of a Hub")


def test_a_mirror_below_a_path(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{shop.hub.url}/mirrors/hub/")
    hub.load("points")
    assert all(request.path.startswith("/mirrors/hub/") for request in shop.hub.requests)


def test_a_disk_without_room_is_noticed_before(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(free=len(CONTENT) - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    assert "HF_HOME" in refused("are free")
    assert shop.hub.asked("GET") == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_disk_that_fills_up_meanwhile(shop: Shop) -> None:
    hub.fetch(hub.entry("points"))
    (whole,) = shop.kept
    whole.unlink()
    part = whole.with_name(f"{whole.name}.incomplete")
    part.symlink_to("/dev/full")
    assert "HF_HOME" in refused("the disk of .* is full")
    assert not part.is_symlink()  # what was there is given back


def test_a_cache_that_cannot_be(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.folder / "file").write_text("")
    monkeypatch.setenv("HF_HOME", str(shop.folder / "file" / "hf"))
    assert "HF_HOME" in refused("cannot be kept in")


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere: be nobody for a while."""
    if not hasattr(os, "seteuid"):
        pytest.skip("no users to change to")
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


@pytest.fixture
def sealed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Both caches filled, then closed to writing; a place that an ordinary user may enter."""
    shop.unpinned()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        monkeypatch.setenv("HF_HOME", str(folder / "hf"))
        monkeypatch.setenv("ANIMATE_HOME", str(folder / "home"))
        embedded = shutil.copytree(environment.embedded_dir(), folder / "embedded")
        monkeypatch.setattr(environment, "embedded_dir", lambda: embedded)
        hub.load("points")
        (folder / "hf" / "token").write_text("")  # where the client looks: readable by all
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield folder
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)


def _stamps(folder: Path) -> Mapping[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_a_read_only_cache_is_read(shop: Shop, sealed: Path, ordinary_user: None) -> None:
    before = _stamps(sealed)
    asked = len(shop.hub.requests)
    assert hub.load("points")[1].keys() == {"a"}
    assert hub.state("points") is hub.WeightState.FIRST_USE
    assert len(shop.hub.requests) == asked
    assert _stamps(sealed) == before


def test_a_read_only_cache_takes_nothing_more(
    shop: Shop, sealed: Path, ordinary_user: None
) -> None:
    other = "hf://org/other/x.safetensors"
    shop.hub.commit("org/other", {"x.safetensors": CONTENT})
    before = _stamps(sealed)
    assert "HF_HOME" in refused("cannot be kept in", other)
    assert _stamps(sealed) == before


@pytest.mark.parametrize(("use", "says"), [("no", "forbids"), ("unknown", "is not known to")])
def test_commercial_use_only(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, use: str, says: str
) -> None:
    shop.register(revision="main", sha256=None, use=use)
    monkeypatch.setenv("ANIMATE_COMMERCIAL_ONLY", "1")
    assert "ANIMATE_COMMERCIAL_ONLY" in refused(says)
    refused("is not known to allow", f"hf://{REPO}/{PATH}")
    for get in (hub.fetch, hub.renew):
        with pytest.raises(WeightsError, match=says):
            get(hub.entry("points"))
    assert shop.hub.requests == []
    shop.register(revision="main", sha256=None, use="yes")
    hub.load("points")
