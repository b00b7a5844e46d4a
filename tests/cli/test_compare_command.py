"""`animate compare`: its table, its JSON, and that what cannot be compared is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from result_file import result_json, write
from typer.testing import CliRunner

from animate_cli.cli.app import app


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    pairs = [f"t{k}" for k in range(6)]
    still = {"l1": [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]}
    first = result_json({"still": still, "old": {"l1": [0.4] * 6}}, pairs=pairs)
    second = result_json({"still": still, "new": {"l1": [0.3] * 6}}, pairs=pairs)
    return [str(write(tmp_path / f"{n}.json", r)) for n, r in (("a", first), ("b", second))]


def test_the_last_models_are_compared(pair: list[str]) -> None:
    answer = CliRunner().invoke(app, ["compare", *pair])
    assert answer.exit_code == 0, answer.output
    for word in ("A: old", "B: new", "L1 ↓", "-0.1 … -0.1", "100%", "better"):
        assert word in answer.stdout


def test_others_on_wish_as_json(pair: list[str]) -> None:
    answer = CliRunner().invoke(app, ["compare", *pair, "--b", "still", "--json"])
    found = json.loads(answer.stdout)
    assert (found["a"], found["b"]) == ("old", "still")
    l1 = found["metrics"]["l1"]
    assert l1["b_is"] == "worse"
    assert l1["difference"] == pytest.approx(0.35)
    assert l1["interval"][0] < l1["difference"] < l1["interval"][1]


def test_refusals_have_a_hint(pair: list[str]) -> None:
    answer = CliRunner().invoke(app, ["compare", pair[0], "missing.json"])
    assert answer.exit_code == 1
    assert "missing.json" in answer.stderr
    assert "hint:" in answer.stderr
