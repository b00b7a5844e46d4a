"""What commands tell as JSON has the keys and types that were recorded."""

from __future__ import annotations

from pathlib import Path

import golden_json
import pytest
from golden_store import read_json


def test_json_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    found, golden = golden_json.trees(tmp_path), read_json(golden_json.TREES)
    assert found.keys() == golden.keys()
    for name, tree in golden.items():
        assert found[name] == tree, name


def test_kinds() -> None:
    assert golden_json.kinds({"b": [1, 2.0, 3], "a": None}) == {
        "a": "NoneType",
        "b": ["float", "int"],
    }
