"""Candidates: their names, weights by file, and the evaluators they were trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from animate_cli import hub
from animate_cli.errors import OptionError, WeightsError
from animate_cli.evaluate.clips.candidate import BASELINES, TRAINED_ON, read_candidates


def weights(path: Path, **metadata: str) -> str:
    path.parent.mkdir(exist_ok=True)
    save_file({"a": torch.zeros(1)}, path, metadata=metadata)
    return str(path)


def test_the_baselines_are_always_there_and_no_candidate_twice() -> None:
    assert [one.name for one in read_candidates([])] == list(BASELINES)
    assert [one.name for one in read_candidates(["thin_plate", "still"])] == list(BASELINES)


def test_weights_are_named_for_their_folder_and_known_by_content(tmp_path: Path) -> None:
    first, other = weights(tmp_path / "run1" / "best.safetensors"), tmp_path / "run2"
    second = weights(other / "best.safetensors", b="2")
    *_, one, two = read_candidates([f"thin_plate:{first}", f"thin_plate:{second}"])
    assert (one.name, two.name) == ("thin_plate:run1/best", "thin_plate:run2/best")
    assert (one.model, one.weights) == ("thin_plate", first)
    assert len({one.sha256, two.sha256}) == 2


def test_equal_short_names_become_full_names(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
    specs = [
        f"thin_plate:{weights(tmp_path / place / 'run' / 'best.safetensors')}" for place in "ab"
    ]
    assert [one.name for one in read_candidates(specs)[2:]] == specs


def test_weights_name_the_evaluators_they_were_trained_on(tmp_path: Path) -> None:
    listed = {TRAINED_ON: json.dumps(["squeezenet"])}
    path = weights(tmp_path / "run" / "best.safetensors", **listed)
    one = read_candidates([f"thin_plate:{path}"])[-1]
    assert one.was_trained_on("squeezenet")
    assert not one.was_trained_on("pfld")
    assert not one.was_trained_on("")


@pytest.mark.parametrize("text", ["squeezenet", "3", '{"squeezenet": 1}', '"squeezenet"'])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = weights(tmp_path / "run" / "best.safetensors", **{TRAINED_ON: text})
    with pytest.raises(WeightsError, match="not a JSON list"):
        read_candidates([f"thin_plate:{path}"])


def test_missing_models_and_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no model named 'thick_plate'"):
        read_candidates(["thick_plate"])
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        read_candidates([f"thin_plate:{tmp_path / 'none.safetensors'}"])
    with pytest.raises(WeightsError, match="no weights are called 'nobody'"):
        read_candidates(["thin_plate:nobody"])


def test_weights_of_several_files_are_named_by_all_of_them() -> None:
    one = read_candidates(["thin_plate:liveportrait"])[-1]
    assert one.sha256 == hub.entry("liveportrait").sha256
    assert one.trained_on == ()
