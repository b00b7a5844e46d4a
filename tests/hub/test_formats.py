"""State dicts of others: named as we name them, and never run."""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from animate_cli import hub
from animate_cli.errors import WeightsError

BARE = {"first.weight": torch.arange(6.0).reshape(2, 3), "first.bias": torch.zeros(2)}


class Mischief:
    """What a pickle can hold."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("run",)


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "w.pth.tar"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_a_state_dict_comes_back(tmp_path: Path, name: str, is_zip: bool) -> None:
    path = tmp_path / name
    wrapped = OrderedDict((f"module.{key}", value) for key, value in BARE.items())
    torch.save(wrapped, path, _use_new_zipfile_serialization=is_zip)
    found = hub.read_published(path)
    assert found.keys() == BARE.keys()
    assert all(torch.equal(found[key], BARE[key]) for key in BARE)


def test_safetensors_are_named_alike(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({f"eyes_module.{key}": value for key, value in BARE.items()}, path)
    assert hub.read_published(path, under="eyes").keys() == BARE.keys()


def test_branches_of_a_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "cpk.pth.tar"
    inner = {f"module.{key}": value for key, value in BARE.items()}
    optimiser = {"state": {0: {"step": 7}}, "param_groups": [{"lr": 1e-4}]}
    torch.save({"generator": inner, "optimizer": optimiser, "epoch": 99}, path)
    assert hub.read_published(path).keys() == {f"generator.{key}" for key in BARE}
    assert hub.read_published(path, under="generator").keys() == BARE.keys()
    with pytest.raises(WeightsError, match="no tensors under 'gen'") as caught:
        hub.read_published(path, under="gen")
    assert "the file holds: generator" in caught.value.hint


def test_a_pickle_that_needs_code_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": torch.zeros(1), "b": Mischief()}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match=r"would run code \(\w+\.mkdir\)"):
        hub.read_published(tmp_path / "evil.pth")
    assert not (tmp_path / "run").exists()


def test_a_whole_network_is_code_too(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "network.pt")
    with pytest.raises(WeightsError, match=r"would run code \(torch\.nn"):
        hub.read_published(tmp_path / "network.pt")


def test_torchscript_is_a_program(tmp_path: Path) -> None:
    path = tmp_path / "script.pt"
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), path)
    with pytest.raises(WeightsError, match="TorchScript"):
        hub.read_published(path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x02]q\x00.", b"PK\x03\x04"])
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=str(path)):
        hub.read_published(path)


def test_a_truncated_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(BARE, path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(WeightsError, match="cannot be read"):
        hub.read_published(path)


def test_a_file_of_ones_own_needs_no_registry(tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    torch.save(BARE, path)
    assert hub.load_published(str(path)).keys() == BARE.keys()
    save_file(BARE, tmp_path / "mine.safetensors", metadata={"config": "{}"})
    assert hub.load(str(tmp_path / "mine.safetensors"))[0] == {"config": "{}"}
