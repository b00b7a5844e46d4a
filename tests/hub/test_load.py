"""The weights door: only verified bytes pass it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from animate_cli import hub
from animate_cli.errors import WeightsError
from animate_cli.hub import environment

ROW = """
[[weight]]
name = "points"
kind = "a test"
licence = "Apache-2.0"
commercial_use = "yes"
trained_on = "nothing"
card = "none"
{extra}
[[weight.files]]
path = "points.safetensors"
sha256 = "{sha256}"
size = 1
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An embedded folder with one published weight, and an empty cache."""
    embedded = tmp_path / "embedded"
    embedded.mkdir()
    monkeypatch.setattr(environment, "embedded_dir", lambda: embedded)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    path = embedded / "points.safetensors"
    save_file({"a": torch.arange(3.0)}, path, metadata={"config": "{}"})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (embedded / hub.REGISTRY).write_text(ROW.format(sha256=digest, extra='repo = "a/b"'))
    return embedded


def test_embedded_weights_load_with_their_metadata(shelf: Path) -> None:
    metadata, tensors = hub.load("points")
    assert metadata["config"] == "{}"
    assert torch.equal(tensors["a"], torch.arange(3.0))
    assert hub.state("points") is hub.WeightState.OK


def test_one_flipped_byte_is_refused(shelf: Path) -> None:
    path = shelf / "points.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert hub.state("points") is hub.WeightState.DAMAGED
    with pytest.raises(WeightsError, match="sha256"):
        hub.load("points")


def test_a_file_placed_in_the_cache_is_found(shelf: Path) -> None:
    content = (shelf / "points.safetensors").read_bytes()
    (shelf / "points.safetensors").unlink()
    assert hub.cached_path("points") is None
    with pytest.raises(WeightsError) as caught:
        hub.load("points")
    place = hub.cache_dir() / "points" / "points.safetensors"
    assert str(place) in caught.value.hint  # the hint is an instruction that works:
    place.parent.mkdir(parents=True)
    place.write_bytes(content)
    assert hub.cached_path("points") == place
    assert hub.load("points")[1].keys() == {"a"}


def test_a_pickle_is_never_opened(shelf: Path, tmp_path: Path) -> None:
    path = tmp_path / "evil.safetensors"
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="cannot be read"):
        hub.read(path)


def test_a_mistyped_name_is_answered(shelf: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        hub.entry("ponts")
    assert "did you mean 'points'" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "weight = 3", "[[weight]]", ROW.format(sha256="", extra="colour = 1")]
)
def test_a_broken_registry_says_so(shelf: Path, text: str) -> None:
    (shelf / hub.REGISTRY).write_text(text)
    with pytest.raises(WeightsError, match="registry"):
        hub.registry()


def test_the_shipped_registry_is_whole() -> None:
    entries = hub.registry()
    assert len({entry.name for entry in entries}) == len(entries)
    for entry in entries:
        assert entry.licence
        assert entry.trained_on
        parts = [file.part for file in entry.files]
        assert len(set(parts)) == len(parts)
        for file in entry.files:
            assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
            path = hub.embedded_dir() / file.path
            if entry.repo is None:
                assert hub.file_state(entry, file) is hub.WeightState.OK
                assert path.stat().st_size == file.size
            else:
                assert entry.revision


def test_liveportrait_is_registered_as_its_networks_ask_for_it() -> None:
    names = {
        "appearance_feature_extractor",
        "motion_extractor",
        "warping_module",
        "spade_generator",
        "stitching_retargeting_module",
    }
    for name in ("liveportrait", "liveportrait_safetensors"):
        assert {file.part for file in hub.entry(name).files} == names
    assert [entry.name for entry in hub.for_model("liveportrait")] == ["liveportrait"]


def test_what_is_embedded_may_be_used_commercially() -> None:
    for entry in hub.registry():
        if entry.repo is None:
            hub.require_commercial(entry)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/nowhere/at/all", "does not exist"),
        ("gone/weights", "does not exist"),
        ("photo.png", "is no file of weights"),
        ("folder/of", "is a folder"),
        ("folder.of", "is a folder"),
    ],
)
def test_a_place_without_weights_says_what_is_there(tmp_path, monkeypatch, name, why):
    monkeypatch.chdir(tmp_path)
    for folder in ("folder/of", "folder.of"):
        Path(folder).mkdir(parents=True)
    Path("photo.png").write_bytes(b"a picture")
    with pytest.raises(WeightsError, match=why) as caught:
        hub.load(name)
    assert caught.value.hint


def test_an_address_is_one_file_and_no_folder_of_parts():
    with pytest.raises(WeightsError, match="no part 'warping'") as caught:
        hub.entry("hf://org/repo/file.safetensors").file("warping")
    assert "one file" in caught.value.hint
