"""Every example script runs as its README says, in a folder of its own."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest
from places import EXAMPLES

WRITES = {
    "animate_in_python.py": {"side_by_side.mp4"},
    "contact_sheet.py": {"contact_sheet.jpg"},
    "reuse_a_template.py": {"motion.npz", "0.5.mp4", "1.0.mp4"},
    "many_portraits.py": {"motion.npz", "portrait.mp4"},
}
NEEDS_THE_3D_MODEL = {"make_driver.py"}

SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))


def test_every_script_is_run_here() -> None:
    assert set(SCRIPTS) == set(WRITES) | NEEDS_THE_3D_MODEL


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_fit_on_half_a_page(name: str) -> None:
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 25


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_listed(name: str) -> None:
    assert f"`{name}`" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(WRITES))
def test_script_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [name])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert {path.name for path in tmp_path.iterdir()} == WRITES[name]
