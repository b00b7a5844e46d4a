"""Models are found by name and imported only when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from animate_cli.errors import OptionError
from animate_cli.models.find import find_model, model_names


def test_thin_plate_is_found() -> None:
    assert "thin_plate" in model_names()
    assert find_model("thin_plate", device="cpu").face_size == 256


def test_files_that_are_no_models_are_not_offered() -> None:
    assert not {"base", "find", "__init__"} & set(model_names())


@pytest.mark.parametrize("name", ["thin_plat", "Thin_Plate"])
def test_a_misspelt_name_is_answered_with_the_nearest(name: str) -> None:
    with pytest.raises(OptionError, match=r"did you mean.*thin_plate"):
        find_model(name, device="cpu")


@pytest.mark.parametrize("name", ["base", "../errors", "", "xyz"])
def test_an_unknown_name_is_answered_with_the_choice(name: str) -> None:
    with pytest.raises(OptionError, match="thin_plate"):
        find_model(name, device="cpu")


def test_weights_for_a_model_without_any_are_refused() -> None:
    with pytest.raises(OptionError, match=r"thin_plate.*has no weights.*mine"):
        find_model("thin_plate", device="cpu", weights="mine.safetensors")


def test_listing_does_not_import_torch() -> None:
    code = (
        "import sys, animate_cli.models.find as f; f.model_names(); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
