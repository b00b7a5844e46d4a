"""Previews: few frames however long the clip, at its speed, looping."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from animate_cli.evaluate.report.preview import (
    FRAME_MS,
    MOST,
    TILE_PX,
    ClipPreview,
    encode_loop,
    tile,
)
from animate_cli.evaluate.runner.observer import ScoredFrame
from animate_cli.evaluate.runner.render_frames import RenderedFrame
from animate_cli.records import Rendered


def grey(index: int) -> int:
    """Neighbours differ, or the format would keep them as one."""
    return 37 * index % 256


def scored_frame(index: int) -> ScoredFrame:
    source = np.full((40, 60, 3), 200, np.uint8)
    output = np.full((40, 60, 3), grey(index), np.uint8)
    drawn = RenderedFrame(
        pixels=output, rendered=Rendered(face=torch.zeros(1, 3, 8, 8), grid=None, refine_mask=None)
    )
    outputs = (RenderedFrame(pixels=source), drawn)
    return ScoredFrame(index=index, source=source, driver=output, outputs=outputs)


@pytest.mark.parametrize(("frames", "every"), [(1, 1), (MOST, 1), (3 * MOST, 4)])
def test_it_keeps_few_frames_at_the_clips_speed(frames: int, every: int) -> None:
    preview = ClipPreview(stride=5)
    for index in range(frames):
        preview.add(scored_frame(index))
    with Pillow.open(BytesIO(preview.encode())) as loop:
        assert loop.format == "WEBP"
        assert loop.size == (3 * TILE_PX, TILE_PX)
        count = getattr(loop, "n_frames", 1)
        assert count == -(-frames // every) <= MOST
        if count > 1:
            assert loop.info["loop"] == 0
            loop.seek(count - 1)
            loop.load()
            assert loop.info["duration"] == FRAME_MS * 5 * every
        last = np.asarray(loop.convert("RGB"))[TILE_PX // 2, -TILE_PX // 2]
        assert last == pytest.approx(grey(every * (count - 1)), abs=6)


def test_tiles_keep_the_shape_and_a_loop_needs_frames() -> None:
    white = tile(np.full((30, 90, 3), 255, np.uint8), 60)
    rows = np.flatnonzero((white == 255).all(axis=(1, 2)))
    assert (rows[0], rows[-1]) == (20, 39)
    with pytest.raises(ValueError, match="no frames"):
        encode_loop([], 40)
