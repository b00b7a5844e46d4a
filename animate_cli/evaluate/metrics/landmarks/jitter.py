"""SMS of an output (Zhao, Wu, Guo 2021, eq. 9): the jitter of its landmarks.

`faces.landmarks.jitter` has the formula. It is computed on three consecutive frames, detected in
the same square, so that jumps of the square do not count. A still image scores 0, so the value
means something only beside the driver's own, and beside how far the output moves at all.
"""

from __future__ import annotations

import numpy as np

from animate_cli.evaluate.metrics.landmarks.akd import SIDE_PX
from animate_cli.faces.landmarks.jitter import deviations
from animate_cli.records import Points


def jitter(triples: Points, longer_side: int) -> float:
    """Triples (M, 3, 74, 2) in pixels of frames with the given longer side -> SMS in pixels of 256;
    NaN without triples."""
    if not len(triples):
        return float("nan")
    away = np.stack([deviations(one) for one in triples])
    return float(away.mean()) * SIDE_PX / longer_side
