"""SMS of a result (Zhao, Wu, Guo 2021, eq. 9): how much its landmarks tremble.

`faces.landmarks.jitter` has the formula. Here it is taken of triples of frames that follow each
other, seen in one and the same square, so that its own jumps do not count. A still picture scores
0: it is a figure to hold beside the driver's own, and beside how far the output moves at all."""

from __future__ import annotations

import numpy as np

from animate_cli.evaluate.metrics.landmarks.akd import SIDE_PX
from animate_cli.faces.landmarks.jitter import deviations
from animate_cli.records import Points


def jitter(triples: Points, longer_side: int) -> float:
    """triples (M, 3, 74, 2) in pixels of frames of that longer side -> px of 256; NaN of none."""
    if not len(triples):
        return float("nan")
    away = np.stack([deviations(one) for one in triples])
    return float(away.mean()) * SIDE_PX / longer_side
