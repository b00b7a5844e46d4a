"""`animate eval` end to end in the toy world: table on stdout, files, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from refusal import animate
from toy_world import ToyWorld

from animate_cli.media.images.image import read_photo


@pytest.fixture
def clips(toy: ToyWorld) -> Path:
    (toy.folder / "clips").mkdir()
    toy.driver("clips/one.mp4", frames=7)
    toy.driver("clips/two.mp4", frames=5)
    return toy.folder / "clips"


def test_table_json_and_sheets(clips: Path) -> None:
    answer = animate(
        *("eval", "--data", clips, "--stride", "2", "--threads", "1"),
        *("--json-to", "result.json", "--sheets", "sheets", "--html", "page.html"),
    )
    assert answer.exit_code == 0, answer.output
    for word in ("thin_plate", "still", "L1 ↓", "n/a, squeezenet: needs --metric-weights DIR"):
        assert word in answer.stdout
    assert "1 of 2: one" in answer.stderr
    told = json.loads(Path("result.json").read_text(encoding="utf-8"))
    assert told["models"]["thin_plate"]["metrics"]["l1"]["mean"] > 0
    for name in ("one", "two"):
        picture = read_photo(Path("sheets") / f"{name}.png", max_pixels=10**7).pixels
        assert picture.std() > 10

    page = Path("page.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/webp') == page.count('src="data:image/jpeg') == 2


def test_existing_results_are_refused_before_the_work(clips: Path) -> None:
    Path("result.json").write_text("mine")
    answer = animate("eval", "--data", clips, "--json-to", "result.json")
    assert answer.exit_code == 1
    assert "exists already" in answer.stderr
    assert "1 of 2" not in answer.stderr
    assert Path("result.json").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--data", "nowhere"), "there are no clips"),
        (("--data", "clips", "--model", "thick_plate"), "no model named 'thick_plate'"),
        (("--data", "clips", "--model", "thin_plate:none.safetensors"), "none.safetensors"),
    ],
)
def test_what_cannot_be_scored_is_refused(clips: Path, arguments, told) -> None:
    answer = animate("eval", *arguments)
    assert answer.exit_code == 1
    assert told in answer.stderr


def test_a_data_set_just_prepared_says_its_splits_and_all_takes_every_clip(toy: ToyWorld) -> None:
    small = ("--size", "64", "--least-px", "32", "--least-frames", "3")
    made = animate("prepare", toy.driver(frames=6), "-o", "set", *small)
    assert made.exit_code == 0, made.output
    answer = animate("eval", "--data", "set")
    assert answer.exit_code == 1
    assert "no clips of split 'val'; 'train' has 1" in answer.stderr
    assert "--split all" in answer.stderr
    answer = animate("eval", "--data", "set", "--split", "all", "--json")
    assert answer.exit_code == 0, answer.output
    assert len(json.loads(answer.stdout)["data"]["takes"]) == 1
