"""Publishing: what is pushed can be fetched by the row that is printed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from weight_shop import Shop

from animate_cli import hub
from animate_cli.errors import WeightsError

REPO = "maker/toy"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Weights as a training writes them, and a card; a token that may write."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    weights, card = tmp_path / "toy.safetensors", tmp_path / "toy.md"
    save_file({"a": torch.arange(3.0)}, weights, metadata={"config": '{"size": 3}'})
    card.write_text("# toy\nTrained on nothing.\n")
    return weights, card


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's own
def test_what_was_pushed_is_fetched_by_its_row(shop: Shop, made: tuple[Path, Path]) -> None:
    weights, card = made
    row = hub.publish(weights, repo=REPO, card=card, visibility=hub.Visibility.PRIVATE)
    assert {request.token for request in shop.hub.asked("POST")[:1]} == {"Bearer hf_secret"}
    (shop.folder / "embedded" / hub.REGISTRY).write_text(row)
    assert hub.entry("toy").revision == shop.hub.commits[REPO, "main"]
    metadata, tensors = hub.load("toy")
    assert torch.equal(tensors["a"], torch.arange(3.0))
    assert hub.state("toy") is hub.WeightState.OK
    published = {
        path: content for (repo, _, path), content in shop.hub.files.items() if repo == REPO
    }
    assert published["config.json"].decode() == metadata["config"]
    assert published["README.md"] == card.read_bytes()


def test_only_safetensors_with_config_and_card(shop: Shop, made: tuple[Path, Path]) -> None:
    weights, card = made
    bare = weights.with_name("bare.safetensors")
    save_file({"a": torch.zeros(1)}, bare)
    empty = card.with_name("empty.md")
    empty.write_text(" \n")
    for one, other, says in (
        (weights.with_suffix(".pth"), card, "is no .safetensors"),
        (bare, card, "carries no config"),
        (weights, empty, "no model card"),
        (weights, card.with_name("none.md"), "no model card"),
    ):
        with pytest.raises(WeightsError, match=says):
            hub.publish(one, repo=REPO, card=other, visibility=hub.Visibility.PUBLIC)
    assert shop.hub.requests == []


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_an_upload_that_breaks_is_told(
    shop: Shop, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.hub.faults.refuses_uploads = True
    with pytest.raises(WeightsError, match="to maker/toy"):
        hub.publish(made[0], repo=REPO, card=made[1], visibility=hub.Visibility.PRIVATE)
    assert (REPO, "main") not in shop.hub.commits


def test_offline_nothing_is_published(
    shop: Shop, made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="HF_HUB_OFFLINE"):
        hub.publish(made[0], repo=REPO, card=made[1], visibility=hub.Visibility.PRIVATE)
    assert shop.hub.requests == []
