"""What a training leaves to look at."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from animate_cli.errors import OptionError
from animate_cli.train.engine import log
from animate_cli.train.engine.log import Log
from animate_cli.train.recipe import LogRecipe
from animate_cli.train.samples.sample_sheet import FOUND_RGB, LABEL_RGB, TILE_PX, Tile, grid


def steps_in(path) -> list[tuple[int, str]]:
    with path.open(newline="") as file:
        return [(int(step), name) for step, name, _ in csv.reader(file)]


def test_every_so_many_steps_and_every_evaluation_are_told(run, plan, tmp_path):
    told, stepped = [], []
    run(
        "told",
        replace(plan, steps=12),
        log=LogRecipe(every=4),
        on_log=lambda logged: told.append(logged.step),
        on_step=lambda logged: stepped.append(logged.step),
    )
    assert told == [4, 5, 8, 10, 12]
    assert stepped == list(range(1, 13))
    rows = steps_in(tmp_path / "told" / "log.csv")
    assert [step for step, name in rows if name == "loss"] == told
    assert [step for step, name in rows if name == "score"] == [5, 10, 12]


def test_steps_that_will_be_done_again_leave_the_log(tmp_path):
    first = Log(tmp_path, LogRecipe(), step=0)
    for step in (5, 10, 15):
        first.figures(step, {"loss": 1.0})
    Log(tmp_path, LogRecipe(), step=10).figures(15, {"loss": 2.0})
    assert steps_in(tmp_path / "log.csv") == [(5, "loss"), (10, "loss"), (15, "loss")]
    assert (tmp_path / "log.csv").read_text().splitlines()[-1] == "15,loss,2"


def test_sheets_are_pictures_named_by_their_step(run, plan, tmp_path):
    run("seen", plan)
    folder = tmp_path / "seen" / "sheets"
    assert [path.stem for path in sorted(folder.iterdir())] == [f"{n:06d}" for n in (5, 10, 15, 20)]
    picture = cv2.imread(str(folder / "000005.png"))
    assert (picture == (0, 0, 255)).all()  # red, as OpenCV orders it
    run("unseen", plan, log=LogRecipe(sheets=False))
    assert not (tmp_path / "unseen" / "sheets").exists()


def test_without_tensorboard_its_absence_is_told(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(OptionError, match="not installed") as caught:
        run("board", log=LogRecipe(tensorboard=True))
    assert "animate-cli[tensorboard]" in caught.value.hint


def test_tensorboard_hears_figures_and_sheets(run, plan, monkeypatch):
    heard: list[tuple] = []

    class Board:
        def __init__(self, folder: str, *, purge_step: int) -> None:
            heard.append(("open", purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            heard.append((name, step))

        def add_image(self, name: str, picture: np.ndarray, step: int, *, dataformats: str) -> None:
            heard.append((name, step, picture.shape, dataformats))

        def close(self) -> None:
            heard.append(("close",))

    module = SimpleNamespace(SummaryWriter=Board)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    run("board", replace(plan, steps=5), log=log.LogRecipe(tensorboard=True))
    assert heard[0] == ("open", 1)
    assert ("score", 5) in heard
    assert ("sheet", 5, (4, 6, 3), "HWC") in heard
    assert heard[-1] == ("close",)


def test_a_sheet_shows_labels_and_findings_where_they_are():
    grey = np.full((64, 64, 3), 100, np.uint8)
    nowhere = np.full((1, 2), np.nan, np.float32)
    tile = Tile(
        pixels=grey,
        labelled=np.array([[16.0, 40.0]], np.float32),
        found=np.array([[48.0, 8.0]], np.float32),
    )
    sheet = grid([tile] * 8 + [Tile(pixels=grey, labelled=nowhere, found=nowhere)])
    assert sheet.shape == (2 * TILE_PX, 8 * TILE_PX, 3)
    scale = TILE_PX / 64
    for (x, y), colour in (((16, 40), LABEL_RGB), ((48, 8), FOUND_RGB)):
        at = round((y + 0.5) * scale - 0.5), round((x + 0.5) * scale - 0.5) + TILE_PX
        assert tuple(sheet[at]) == colour
    assert (sheet[TILE_PX:, :TILE_PX] == 100).all()
    assert (sheet[TILE_PX:, TILE_PX:] == 0).all()
