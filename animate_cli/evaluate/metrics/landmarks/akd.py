"""AKD, average keypoint distance (Siarohin et al. 2019): a detector's points in output and driver.

Of the same distances, told in shares of that between the driver's outer eye corners, Songsri-in &
Zafeiriou 2019 report the area under their cumulative distribution up to 0.1, and the share of
frames beyond (`landmarks.auc`, `.failures`).

Departure: distances are told in pixels of a frame whose longer side is 256, the size at which the
field reports them.
"""

from __future__ import annotations

import numpy as np

from animate_cli.evaluate.metrics.landmarks.landmark_nme import Array, errors
from animate_cli.records import Points

SIDE_PX = 256


def average_keypoint_distance(output: Points, driver: Points, longer_side: int) -> float:
    """Points (T, K, 2) in pixels of frames of that longer side; unknown points are NaN in both."""
    apart = np.linalg.norm(output.astype(np.float64) - driver, axis=-1)
    return float(np.nanmean(apart)) * SIDE_PX / longer_side


def frame_errors(output: Points, driver: Points) -> Array:
    """Mean normalised distance of a frame's points: (T, 74, 2) each -> (T,)."""
    mean: Array = np.nanmean(errors(output, driver), axis=1)
    return mean
