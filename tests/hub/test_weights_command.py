"""`animate weights`: what a user and a script see."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from toy_world import ToyWorld
from typer.testing import CliRunner, Result
from weight_shop import CONTENT, PATH, REPO, Shop

from animate_cli import hub
from animate_cli.cli.app import app
from animate_cli.errors import WeightsError

ADDRESS = f"hf://{REPO}/{PATH}"


def weights(*words: str | Path) -> Result:
    arguments = ["weights", *(str(word) for word in words)]
    return CliRunner().invoke(app, arguments, env={"NO_COLOR": "1"})


def test_list_says_what_is_here_and_what_may_be_done(shop: Shop) -> None:
    before = weights("list").stdout
    assert "points  missing" in before
    assert "MIT (commercial use: yes)" in before
    weights("fetch", "points")
    assert "points  cached" in weights("list").stdout
    assert shop.hub.asked("POST") == []


def test_list_for_scripts(shop: Shop) -> None:
    (row,) = json.loads(weights("list", "--json").stdout)
    assert (row["name"], row["state"], row["commercial_use"]) == ("points", "missing", "yes")
    assert row["files"][0]["path"] == ""
    weights("fetch", "points")
    (row,) = json.loads(weights("list", "--json").stdout)
    assert Path(row["files"][0]["path"]).read_bytes() == CONTENT
    assert row["state"] == "cached"


def test_list_only_what_may_be_sold(shop: Shop) -> None:
    shop.register(revision="main", sha256=None, use="no")
    assert "points" in weights("list").stdout
    answer = weights("list", "--commercial-only")
    assert (answer.exit_code, answer.stdout) == (0, "")


def test_fetch_prints_the_path(shop: Shop) -> None:
    answer = weights("fetch", "points")
    assert answer.exit_code == 0
    assert Path(answer.stdout.strip()).read_bytes() == CONTENT
    assert weights("path", "points").stdout == answer.stdout
    assert "points.safetensors: " in answer.stderr  # how far it is, off a terminal
    assert weights("fetch", "points").stdout == answer.stdout


def test_fetch_all_that_a_model_needs(shop: Shop) -> None:
    assert weights("fetch", "--all-for", "toy").exit_code == 0
    assert hub.state("points") is hub.WeightState.OK
    answer = weights("fetch", "--all-for", "tay")
    assert answer.exit_code == 1
    assert "models with weights to fetch: toy" in answer.stderr


@pytest.mark.parametrize("words", [("fetch",), ("path",)])
def test_nothing_named(shop: Shop, words: tuple[str, ...]) -> None:
    answer = weights(*words)
    assert answer.exit_code == 1
    assert "hint:" in answer.stderr


def test_fetch_only_what_may_be_sold(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = weights("fetch", ADDRESS, "--commercial-only")
    assert answer.exit_code == 1
    assert "is not known to allow commercial use" in answer.stderr
    monkeypatch.setenv("ANIMATE_COMMERCIAL_ONLY", "yes")
    assert weights("fetch", ADDRESS).exit_code == 1
    assert weights("fetch", "points", "--commercial-only").exit_code == 0


def test_verify_says_who_vouches(shop: Shop) -> None:
    assert weights("verify").stdout == ""  # nothing here, nothing damaged
    weights("fetch", "points", ADDRESS)
    assert weights("verify", "points").stdout.startswith("points  ok ")
    assert weights("verify", ADDRESS).stdout.startswith(f"{ADDRESS}  first use ")


def test_verify_finds_a_flipped_byte(shop: Shop) -> None:
    weights("fetch", "points")
    (path,) = shop.kept
    path.write_bytes(CONTENT[:-1] + b"x")
    answer = weights("verify")
    assert answer.exit_code == 1
    assert answer.stdout.startswith("points  damaged ")
    assert "animate weights fetch points" in answer.stderr
    assert weights("path", "points").exit_code == 1
    assert weights("fetch", "points").exit_code == 0
    assert weights("verify", "points").exit_code == 0


def test_verify_finds_a_missing_one_that_was_named(shop: Shop) -> None:
    answer = weights("verify", "points")
    assert (answer.exit_code, answer.stdout.strip()) == (1, "points  missing")


def test_renew_takes_what_is_there_now(shop: Shop) -> None:
    shop.unpinned()
    weights("fetch", "points")
    shop.hub.commit(REPO, {PATH: b"newer"})
    old = weights("fetch", "points").stdout
    new = weights("fetch", "points", "--renew").stdout
    assert Path(old.strip()).parent != Path(new.strip()).parent
    assert Path(new.strip()).read_bytes() == b"newer"


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_push_prints_a_row_of_the_registry(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    file, card = tmp_path / "toy.safetensors", tmp_path / "toy.md"
    save_file({"a": torch.zeros(1)}, file, metadata={"config": "{}"})
    card.write_text("# toy\n")
    answer = weights("push", file, "--repo", "maker/toy", "--card", card)
    assert answer.exit_code == 0, answer.stderr
    assert f'revision = "{shop.hub.commits["maker/toy", "main"]}"' in answer.stdout
    assert weights("push", card, "--repo", "maker/toy", "--card", card).exit_code == 1


def test_a_run_refuses_a_model_that_may_not_be_sold(shop: Shop, toy: ToyWorld) -> None:
    words = [str(toy.photo()), "-d", str(toy.driver()), "--commercial-only", "--threads", "1"]
    words += ["--model", "thin_plate"]
    shop.register(revision="main", sha256=None, use="no", model="thin_plate")
    answer = CliRunner().invoke(app, words, env={"NO_COLOR": "1"})
    assert answer.exit_code == 1
    assert "forbids commercial use" in answer.stderr
    assert shop.hub.requests == []
    for weights in ("points", ADDRESS):
        with pytest.raises(WeightsError, match="commercial use"):
            hub.require_commercial_model("other", weights)
    hub.require_commercial_model("thin_plate", str(toy.folder / "mine.safetensors"))
    shop.register(revision="main", sha256=None, use="yes", model="thin_plate")
    hub.require_commercial_model("thin_plate")
