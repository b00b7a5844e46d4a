"""Result files read back: every score in its place, and refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from result_file import result_json, write

from animate_cli.errors import OptionError
from animate_cli.evaluate.report.score_cells import footnotes, row
from animate_cli.evaluate.result import parse_result, read_result

MODELS = {
    "still": {"l1": [0.4, 0.2], "psnr": [10.0, 20.0], "lpips": [None, None]},
    "thin_plate": {"l1": [0.2, 0.1], "psnr": [12.0, 18.0], "lpips": [None, None]},
    "own": {"l1": [0.1, 0.3], "psnr": [None, 21.0], "lpips": [None, None]},
}


@pytest.fixture
def whole() -> dict[str, object]:
    return result_json(
        MODELS,
        pairs=["a", "b"],
        needs={"lpips": "--metric-weights DIR"},
        trained_metrics={"own": ["psnr"]},
    )


def test_every_score_is_in_its_place(whole, tmp_path: Path) -> None:
    result = read_result(write(tmp_path / "r.json", whole))
    for model, figures in MODELS.items():
        for metric, values in figures.items():
            expected = [math.nan if v is None else v for v in values]
            np.testing.assert_array_equal(result.column(model, metric), expected)
    assert result.mean("own", "psnr") == 21
    assert math.isnan(result.mean("own", "lpips"))


def test_shares_know_the_direction(whole) -> None:
    result = parse_result(whole, "r")
    assert result.better_share("own", "still", "l1") == 0.5
    assert result.better_share("own", "still", "psnr") == 1
    assert math.isnan(result.better_share("own", "still", "lpips"))


def test_cells_have_score_ratio_and_share(whole) -> None:
    result = parse_result(whole, "r")
    cells = {m.name: [str(c) for c in row(result, m)] for m in result.metrics}
    assert cells["l1"] == ["0.3000", "0.1500 100%", "0.2000 ×1.33  50%"]
    assert cells["psnr"][2] == "21.00† ×1.40 100%"
    assert cells["lpips"] == ["n/a"] * 3
    assert any("needs --metric-weights DIR" in line for line in footnotes(result))
    assert any(line.startswith("†") for line in footnotes(result))


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1}', "\x00"])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match=r"r\.json"):
        read_result(path)


def test_a_damaged_result_is_refused(whole) -> None:
    for key in ("protocol", "data", "metrics", "models", "times"):
        cut = json.loads(json.dumps(whole))
        del cut[key]
        with pytest.raises(OptionError, match="not a whole result"):
            parse_result(cut, "r")
    short = json.loads(json.dumps(whole))
    short["models"]["own"]["metrics"]["l1"]["takes"].pop()
    with pytest.raises(OptionError, match="not a whole result"):
        parse_result(short, "r")
