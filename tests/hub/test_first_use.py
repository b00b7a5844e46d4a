"""Trust on first use: what was seen first under an address must stay."""

from __future__ import annotations

import json
import shutil

import pytest
from weight_shop import CONTENT, PATH, REPO, Shop, digest

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.hub.trust import lock_path


@pytest.fixture
def used(shop: Shop) -> Shop:
    """Used once, without a known sha256."""
    shop.unpinned()
    hub.load("points")
    return shop


def test_the_first_use_is_recorded(used: Shop) -> None:
    (record,) = json.loads(lock_path().read_text()).values()
    assert record == {"sha256": digest(CONTENT), "commit": used.hub.commits[REPO, "main"]}
    assert hub.state("points") is hub.WeightState.FIRST_USE
    assert hub.used("points").sha256 == digest(CONTENT)


def test_a_branch_that_moved_on_is_still_what_it_was(used: Shop) -> None:
    used.hub.commit(REPO, {PATH: b"newer"})
    shutil.rmtree(used.folder / "hf")
    assert hub.load("points")[1].keys() == {"a"}  # the old commit, fetched again


def test_renewing_takes_what_is_published_now(used: Shop) -> None:
    used.hub.commit(REPO, {PATH: b"newer"})
    (path,) = hub.renew(hub.entry("points"))
    assert path.read_bytes() == b"newer"
    assert hub.state("points") is hub.WeightState.FIRST_USE


def test_renewing_that_fails_changes_nothing(used: Shop) -> None:
    before = lock_path().read_text()
    used.hub.commit(REPO, {PATH: b"newer"})
    used.hub.faults.flip = True
    with pytest.raises(WeightsError, match="was deleted"):
        hub.renew(hub.entry("points"))
    assert lock_path().read_text() == before
    assert hub.load("points")[1].keys() == {"a"}


def test_other_bytes_under_the_same_address_are_refused(used: Shop) -> None:
    commit = used.hub.commits[REPO, "main"]
    used.hub.files[REPO, commit, PATH] = b"another file, same commit: a mirror that lies"
    shutil.rmtree(used.folder / "hf")
    with pytest.raises(WeightsError, match="was deleted") as caught:
        hub.load("points")
    assert "--renew" in caught.value.hint


def test_a_file_changed_on_this_machine_is_refused(used: Shop) -> None:
    (path,) = used.kept
    path.write_bytes(CONTENT + b"x")
    assert hub.state("points") is hub.WeightState.DAMAGED
    with pytest.raises(WeightsError, match="on its first use"):
        hub.load("points")


def test_what_was_placed_by_hand_is_new_then_trusted(shop: Shop) -> None:
    shop.unpinned()
    place = hub.cache_dir() / "points" / "points.safetensors"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    assert hub.state("points") is hub.WeightState.NEW
    hub.load("points")
    assert hub.state("points") is hub.WeightState.FIRST_USE
    place.write_bytes(CONTENT + b"x")
    assert hub.state("points") is hub.WeightState.DAMAGED
    assert shop.hub.requests == []


def test_a_record_that_cannot_be_read_is_no_reason_to_trust(used: Shop) -> None:
    lock_path().write_text("{")
    with pytest.raises(WeightsError, match="not a record of checksums"):
        hub.load("points")
