"""The log of a training: `log.csv`, sample sheets, and TensorBoard where the recipe wants it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from animate_cli.errors import OptionError
from animate_cli.records import Image
from animate_cli.train.recipe import LogRecipe
from animate_cli.train.saving import saving

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Log:
    """Rows (step, name, value) in `log.csv`; pictures in `sheets/STEP.png`.

    step: made so far; rows of later steps, which will be made again, are dropped.

    Raises:
        TrainError: the disk is full or cannot be written.
        OptionError: TensorBoard is wanted and not installed.
    """

    def __init__(self, folder: Path, recipe: LogRecipe, *, step: int) -> None:
        self._csv, self._sheets = folder / "log.csv", folder / "sheets"
        self._board = _open_board(folder, step) if recipe.tensorboard else None
        _rewind(self._csv, step)

    def close(self) -> None:
        """Finish TensorBoard's file."""
        if self._board is not None:
            self._board.close()

    def figures(self, step: int, figures: dict[str, float]) -> None:
        """One row per figure."""
        rows = [(step, name, f"{value:.6g}") for name, value in figures.items()]
        with saving(self._csv), self._csv.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        if self._board is not None:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)

    def sheet(self, step: int, sheet: Image) -> None:
        """Write a sample sheet (H, W, 3)."""
        path = self._sheets / f"{step:06d}.png"
        with saving(path):
            self._sheets.mkdir(exist_ok=True)
            _, png = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
            path.write_bytes(png.tobytes())
        if self._board is not None:
            self._board.add_image("sheet", sheet, step, dataformats="HWC")


def _rewind(path: Path, step: int) -> None:
    if not path.exists():
        return
    with saving(path):
        with path.open(encoding="utf-8", newline="") as file:
            kept = [row for row in csv.reader(file) if row and int(row[0]) <= step]
        beside = path.with_name(path.name + ".part")
        with beside.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(kept)
        beside.replace(path)


def _open_board(folder: Path, step: int) -> SummaryWriter:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise OptionError(
            "log.tensorboard is true, but TensorBoard is not installed",
            hint='pip install "animate-cli[tensorboard]", or set it to false',
        ) from None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)
