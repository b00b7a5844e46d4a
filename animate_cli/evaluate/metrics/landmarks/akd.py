"""AKD, average keypoint distance (Siarohin et al. 2019), between the points of output and driver.

Songsri-in & Zafeiriou 2019 divide the same distances by that between the driver's outer eye
corners, and report the area under their cumulative distribution up to 0.1 and the share of frames
beyond it (`auc` and `failures` in `landmark_nme`).

Departure: distances are scaled to frames whose longer side is 256 pixels, the size at which papers
report them.
"""

from __future__ import annotations

import numpy as np

from animate_cli.evaluate.metrics.landmarks.landmark_nme import Array, errors
from animate_cli.records import Points

SIDE_PX = 256


def average_keypoint_distance(output: Points, driver: Points, longer_side: int) -> float:
    """AKD in pixels of 256. output, driver: points (T, K, 2) in pixels of frames with the given
    longer side; points that the detector does not give are NaN in both."""
    apart = np.linalg.norm(output.astype(np.float64) - driver, axis=-1)
    return float(np.nanmean(apart)) * SIDE_PX / longer_side


def frame_errors(output: Points, driver: Points) -> Array:
    """Mean normalised distance of each frame's points: (T, K, 2) of both -> (T,)."""
    mean: Array = np.nanmean(errors(output, driver), axis=1)
    return mean
