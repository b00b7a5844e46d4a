"""Fetching, with the Hub's real client against a server that speaks its protocol."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from weight_shop import CONTENT, PATH, REPO, Shop, digest

from animate_cli import hub
from animate_cli.errors import WeightsError

ADDRESS = f"hf://{REPO}/{PATH}"


def points() -> hub.WeightEntry:
    return hub.entry("points")


def test_what_is_missing_is_fetched_once_and_then_no_request_is_made(shop: Shop) -> None:
    metadata, tensors = hub.load("points")
    assert metadata["config"] == "{}"
    assert torch.equal(tensors["a"], torch.arange(50_000.0))
    assert shop.hub.sent == len(CONTENT)
    asked = len(shop.hub.requests)
    hub.load("points")
    assert hub.state("points") is hub.WeightState.OK
    assert len(shop.hub.requests) == asked


def test_an_address_stands_for_a_name(shop: Shop) -> None:
    hub.load(ADDRESS)
    asked = len(shop.hub.requests)
    assert hub.load(ADDRESS)[1].keys() == {"a"}
    assert hub.verified_path(f"{ADDRESS}@main").read_bytes() == CONTENT
    assert len(shop.hub.requests) == asked
    assert hub.state(ADDRESS) is hub.WeightState.FIRST_USE


@pytest.mark.parametrize("text", ["hf://org/file", "hf://org/re po/f", "hf://org/x/../y", "hf://"])
def test_what_is_no_address_is_answered(text: str) -> None:
    with pytest.raises(WeightsError, match="is not a file on the Hub"):
        hub.entry(text)


def test_progress_reaches_the_whole(shop: Shop) -> None:
    seen: list[hub.Transfer] = []
    hub.fetch(points(), on_transfer=seen.append)
    assert seen[0].done == 0
    assert seen[-1].done == seen[-1].total == len(CONTENT)
    assert [t.done for t in seen] == sorted(t.done for t in seen)


def test_a_broken_connection_is_taken_up_where_it_broke(shop: Shop) -> None:
    shop.hub.faults.break_at = 30_000
    hub.fetch(points())
    assert [r.range for r in shop.hub.asked("GET")] == [None, "bytes=30000-"]
    assert shop.hub.sent == len(CONTENT)  # not a byte twice


def test_an_interrupted_fetch_goes_on_in_the_next_run(shop: Shop) -> None:
    def stop(transfer: hub.Transfer) -> None:
        if transfer.done:
            raise KeyboardInterrupt

    shop.hub.faults.break_at = 30_000
    with pytest.raises(KeyboardInterrupt):
        hub.fetch(points(), on_transfer=stop)
    assert hub.state("points") is hub.WeightState.MISSING
    assert [path.suffix for path in shop.kept] == [".incomplete"]
    hub.fetch(points())
    assert shop.hub.asked("GET")[-1].range == "bytes=30000-"
    assert hub.state("points") is hub.WeightState.OK
    assert [path.suffix for path in shop.kept] == [""]


def test_a_server_that_breaks_again_and_again_is_given_up(shop: Shop) -> None:
    shop.hub.faults.break_at, shop.hub.faults.breaks = 30_000, 99
    with pytest.raises(WeightsError, match="cannot reach"):
        hub.fetch(points())
    assert len(shop.hub.asked("GET")) <= 10


def test_a_beginning_that_cannot_be_is_thrown_away(shop: Shop) -> None:
    hub.fetch(points())
    (whole,) = shop.kept
    too_long = whole.with_name(f"{whole.name}.incomplete")
    too_long.write_bytes(CONTENT + b"x")
    whole.unlink()
    hub.fetch(points())
    assert hub.state("points") is hub.WeightState.OK


def test_a_flipped_byte_on_the_way_is_refused_and_nothing_is_kept(shop: Shop) -> None:
    shop.hub.faults.flip = True
    with pytest.raises(WeightsError, match="was deleted") as caught:
        hub.load("points")
    assert "fetch it again" in caught.value.hint
    assert shop.kept == []
    shop.hub.faults.flip = False
    hub.load("points")


def test_a_flipped_byte_is_noticed_on_the_first_use_too(shop: Shop) -> None:
    shop.unpinned()
    shop.hub.faults.flip = True  # the ETag of a large file is its sha256
    with pytest.raises(WeightsError, match="was deleted"):
        hub.load("points")


def test_a_flipped_byte_in_the_cache_is_refused_until_fetched_again(shop: Shop) -> None:
    hub.fetch(points())
    (path,) = shop.kept
    path.write_bytes(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
    assert hub.state("points") is hub.WeightState.DAMAGED
    with pytest.raises(WeightsError, match="sha256") as caught:
        hub.load("points")
    assert "animate weights fetch points" in caught.value.hint
    hub.fetch(points())
    assert hub.load("points")[1].keys() == {"a"}


def test_another_file_than_the_registry_names_is_refused(shop: Shop) -> None:
    shop.register(revision="main", sha256="0" * 64)
    with pytest.raises(WeightsError, match="expected was 000000000000"):
        hub.load("points")
    assert shop.kept == []


def test_what_is_already_in_the_cache_of_other_programs_is_used(shop: Shop) -> None:
    from huggingface_hub import hf_hub_download

    revision = shop.hub.commits[REPO, "main"]
    cache = shop.folder / "hf" / "hub"
    hf_hub_download(REPO, PATH, revision=revision, cache_dir=cache, endpoint=shop.hub.url)
    shop.hub.requests.clear()
    hub.load("points")
    assert shop.hub.requests == []


def test_every_file_of_an_entry_is_fetched(shop: Shop) -> None:
    more = 'part = "one"\n\n[[weight.files]]\npart = "two"\npath = "two.bin"'
    shop.hub.commit(REPO, {"two.bin": b"2"})
    shop.register(revision="main", sha256=None)
    registry = shop.folder / "embedded" / hub.REGISTRY
    registry.write_text(registry.read_text() + more)
    one, two = hub.fetch(points())
    assert (one.read_bytes(), two.read_bytes()) == (CONTENT, b"2")
    assert hub.cached_path("points", "two") == two
    with pytest.raises(WeightsError, match="no part") as caught:
        hub.verified_path("points")
    assert "one, two" in caught.value.hint


def test_a_model_names_what_it_needs(shop: Shop) -> None:
    assert hub.for_model("toy") == (points(),)
    assert hub.for_model("other") == ()
    hub.fetch(points())
    (used,) = hub.used_by("toy")
    assert used.sha256 == points().sha256


def test_weights_of_ones_own_are_named_by_their_content(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "deep").mkdir(parents=True)
    (folder / "one.pth").write_bytes(b"1")
    (folder / "deep" / "two.safetensors").write_bytes(CONTENT)
    (file,) = hub.used_by("toy", str(folder / "deep" / "two.safetensors"))
    assert (file.name, file.sha256) == ("two.safetensors", digest(CONTENT))
    (whole,) = hub.used_by("toy", str(folder))
    (folder / "one.pth").write_bytes(b"2")
    (changed,) = hub.used_by("toy", str(folder))
    assert changed.name == whole.name == "mine"
    assert len({file.sha256, whole.sha256, changed.sha256}) == 3
    hub.fetch(hub.entry(ADDRESS))
    (address,) = hub.used_by("toy", ADDRESS)
    assert (address.name, address.sha256) == (ADDRESS, digest(CONTENT))
