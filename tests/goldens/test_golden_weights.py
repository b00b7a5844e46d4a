"""The embedded weight files hold the tensors that were recorded, and load as a whole or not."""

from __future__ import annotations

from pathlib import Path

import golden_networks as networks
import pytest
import torch
from golden_store import read_lines
from golden_weights import WEIGHTS, golden_name, tensors
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from animate_cli import WeightsError

weights = pytest.mark.parametrize("file", WEIGHTS, ids=lambda file: file.stem)


def test_every_file_has_a_loader() -> None:
    assert {file.stem for file in WEIGHTS} == networks.LOADERS.keys()


@weights
def test_names_dtypes_and_shapes(file: Path) -> None:
    assert tensors(file) == read_lines(golden_name(file))


@weights
@pytest.mark.parametrize("change", ["none", "one less", "one more"])
def test_all_tensors_and_no_other_are_wanted(file: Path, change: str, tmp_path: Path) -> None:
    content = load_file(file)
    if change == "one less":
        del content[min(content)]
    if change == "one more":
        content["nobody.knows"] = torch.zeros(1)
    with safe_open(file, framework="numpy") as opened:
        metadata = opened.metadata()
    copy = tmp_path / file.name
    save_file(content, copy, metadata=metadata)
    if change == "none":
        assert networks.open_weights(copy) is not None
    else:
        with pytest.raises(WeightsError):
            networks.open_weights(copy)
