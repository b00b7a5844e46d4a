"""Aperture correlation: whether lids and lips open and close as the driver's do.

aperture     mean distance between opposite points, over that between the outer eye corners
correlation  Pearson's r between the apertures of output and driver over the frames of a clip; 0
             for an output that does not move; NaN for a clip whose driver hardly moves
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.aperture import Pairs, aperture
from animate_cli.faces.landmarks.jitter import interocular_px
from animate_cli.records import Points

LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))
LIPS = ((61, 67), (62, 66), (63, 65))
LEAST_FRAMES = 5
LEAST_MOTION = 0.01  # standard deviation of an aperture, in distances of the outer eye corners
STILL = 0.005  # the same, of an output that counts as not moving: detected in squares that follow
# the driver, a still image's lips vary by .004 and its lids by .0016 (medians of 25 dev clips; 90 %
# vary by less than .0063 and .0027)

Array = NDArray[np.float64]


def clip_apertures(points: Points, pairs: Pairs) -> Array:
    """Apertures of the given point pairs, in distances between the outer eye corners: points
    (T, 74, 2) -> (T,)."""
    apart = aperture(points, pairs, unit=interocular_px(points), dtype=np.float64)
    return np.asarray(apart, np.float64)


def correlation(output: Array, driver: Array) -> float:
    """Pearson's r of apertures (T,); NaN where the driver moves too little or is too short."""
    if len(driver) < LEAST_FRAMES or driver.std() < LEAST_MOTION:
        return float("nan")
    if output.std() < STILL:
        return 0.0
    return float(np.corrcoef(output, driver)[0, 1])
