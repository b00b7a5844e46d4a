"""The canvas tells the model behind which edges of its square the photo goes on."""

from __future__ import annotations

import numpy as np
import pytest

from animate_cli.records import Crop, OpenEdges
from animate_cli.stages.portrait import OutputCanvas


def canvas(height: int, width: int, left: int, top: int, size: int) -> OutputCanvas:
    return OutputCanvas(
        pixels=np.zeros((height, width, 3), np.uint8),
        alpha=None,
        landmarks=np.zeros((74, 2), np.float32),
        crop=Crop(crop_to_frame=np.array([[1.0, 0.0, left], [0.0, 1.0, top]]), size=size),
    )


@pytest.mark.parametrize(
    ("left", "top", "expected"),
    [
        (0, 0, OpenEdges(right=True, bottom=True)),
        (50, 0, OpenEdges(left=True, bottom=True)),
        (0, 20, OpenEdges(right=True, top=True)),
        (50, 20, OpenEdges(left=True, top=True)),
        (25, 10, OpenEdges(left=True, top=True, right=True, bottom=True)),
    ],
)
def test_each_edge_by_itself(left: int, top: int, expected: OpenEdges) -> None:
    assert canvas(120, 150, left, top, 100).open_edges == expected


def test_nothing_lies_beyond_a_square_that_is_the_photo_or_hangs_over_it() -> None:
    assert canvas(100, 100, 0, 0, 100).open_edges == OpenEdges()
    assert canvas(80, 90, -5, -10, 100).open_edges == OpenEdges()
