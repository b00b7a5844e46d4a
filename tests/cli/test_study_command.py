"""`animate study`: a page and its key, votes counted, nothing overwritten unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner, Result

from animate_cli.cli.app import app


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for place, model in enumerate(("old", "new")):
        (tmp_path / model).mkdir()
        Pillow.new("RGB", (8, 8), (100 * place, 0, 0)).save(tmp_path / model / "a.webp")
    return tmp_path


def study(*words: str) -> Result:
    return CliRunner().invoke(app, ["study", *words])


def test_made_and_counted(here: Path) -> None:
    answer = study("make", "before=old", "new", "-o", "page.html")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "page.html\n"
    key = json.loads(Path("page.key.json").read_text(encoding="utf-8"))
    chosen = key["places"][0].index("before")
    told = {"study": key["study"], "voter": "x", "votes": {"0": chosen}}
    Path("votes.json").write_text(json.dumps(told), encoding="utf-8")
    counted = study("tally", "page.key.json", "votes.json")
    assert counted.exit_code == 0, counted.output
    assert "1 people, 1 votes" in counted.stdout
    (line,) = [line for line in counted.stdout.splitlines() if "before" in line]
    assert "100.0%" in line


def test_what_exists_stays_and_names_are_unlike(here: Path) -> None:
    Path("study.key.json").write_text("mine")
    refused = study("make", "old", "new")
    assert refused.exit_code == 1
    assert "exists already" in refused.stderr
    assert not Path("study.html").exists()
    assert "two folders are named" in study("make", "x=old", "x=new", "-o", "y.html").stderr
