"""Contact sheets: the content of each tile, and the number of rows in memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from animate_cli.evaluate.protocol import Reenactment
from animate_cli.evaluate.report.contact_sheet import (
    AMPLIFIED,
    HEADER_PX,
    RASTER_PX,
    TILE_PX,
    ContactSheet,
    difference,
    refinement_mask,
    warped_raster,
)
from animate_cli.evaluate.runner.observer import ScoredFrame
from animate_cli.evaluate.runner.render_frames import RenderedFrame
from animate_cli.layers.grid import identity_grid
from animate_cli.records import Rendered

SIZE = 64


def rendered(*, shift_px: float = 0.0) -> Rendered:
    grid = identity_grid(SIZE, SIZE).repeat(2, 1, 1, 1)
    grid[..., 0] += 2 * shift_px / SIZE
    mask = torch.zeros(2, 1, SIZE, SIZE)
    mask[1, :, :, SIZE // 2 :] = 1
    return Rendered(face=torch.zeros(2, 3, SIZE, SIZE), grid=grid, refine_mask=mask)


def scored_frame(index: int) -> ScoredFrame:
    source, driver = (np.full((SIZE, SIZE, 3), value, np.uint8) for value in (10, 20))
    output = np.full((SIZE, SIZE, 3), index, np.uint8)
    drawn = RenderedFrame(pixels=output, rendered=rendered(), batch_index=0)
    return ScoredFrame(
        index=index, source=source, driver=driver, outputs=(RenderedFrame(pixels=source), drawn)
    )


def test_the_raster_is_straight_without_motion_and_moves_with_the_grid() -> None:
    still, moved = warped_raster(rendered(), 0), warped_raster(rendered(shift_px=3), 0)
    columns = np.flatnonzero(still[0, :, 0] == 255)
    assert columns.tolist() == list(range(RASTER_PX // 2, SIZE, RASTER_PX))
    assert np.flatnonzero(moved[0, :, 0] > 200).tolist() == [c - 3 for c in columns]


def test_the_mask_is_white_where_pixels_were_refined() -> None:
    assert refinement_mask(rendered(), 0).max() == 0
    half = refinement_mask(rendered(), 1)
    assert half[:, : SIZE // 2].max() == 0
    assert half[:, SIZE // 2 :].min() == 255


def test_differences_are_amplified_and_have_no_sign() -> None:
    a, b = np.full((1, 1, 3), 10, np.uint8), np.full((1, 1, 3), 13, np.uint8)
    assert difference(a, b)[0, 0, 0] == difference(b, a)[0, 0, 0] == 3 * AMPLIFIED
    assert difference(a, np.full_like(a, 255)).max() == 255


@pytest.mark.parametrize(("kind", "columns"), [(Reenactment.SELF, 6), (Reenactment.CROSS, 5)])
@pytest.mark.parametrize(("frames", "rows"), [(1, 1), (4, 4), (100, 6)])
def test_rows_are_frames_from_first_to_last(kind, columns, frames, rows) -> None:
    sheet = ContactSheet(["model"], kind)
    for index in range(frames):
        sheet.add(scored_frame(index))
    picture = sheet.image()
    assert picture.shape == (HEADER_PX + rows * TILE_PX, columns * TILE_PX, 3)
    outputs = picture[HEADER_PX + 5 :: TILE_PX, 2 * TILE_PX + 5, 0].astype(int)
    assert (np.diff(outputs) > 0).all()
    assert outputs[0] == 0
    assert outputs[-1] >= 0.85 * (frames - 1)


def test_few_rows_are_held_however_long_the_clip() -> None:
    sheet = ContactSheet(["model"], Reenactment.SELF, rows=2)
    most = 0
    for index in range(60):
        sheet.add(scored_frame(index))
        most = max(most, len(sheet._kept))
    assert most <= 4
