"""Points and the small squares of a grey picture about them: how near, how alike."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.records import Points

RADIUS = 5  # pixels
WINDOW_PX = 3.0  # σ of their weights
NOISE = 2 / 255  # what grey patches differ by without meaning it

Array = NDArray[np.float32]

_LINE = np.arange(-RADIUS, RADIUS + 1, dtype=np.float32)
_ACROSS, _DOWN = (axis.ravel() for axis in np.meshgrid(_LINE, _LINE))  # of a patch's N pixels
WEIGHTS: Array = np.exp(-(_ACROSS**2 + _DOWN**2) / (2 * WINDOW_PX**2))
WEIGHTS /= WEIGHTS.sum()


def patches_about(view: Array, points: Points) -> Array:
    """What lies about points (K, 2) of a view (S, S) in [0, 1]: (K, N), its edges repeated."""
    x, y = points[:, :1] + _ACROSS, points[:, 1:] + _DOWN
    return cv2.remap(view, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def likeness(some: Array, others: Array, *, flat: float = 0.0) -> Array:
    """Correlation of patches (K, N) with others: (K,), towards `flat` where both are flat."""
    a = some - (some @ WEIGHTS)[:, None]
    b = others - (others @ WEIGHTS)[:, None]
    powers = (np.square(a) @ WEIGHTS + NOISE**2) * (np.square(b) @ WEIGHTS + NOISE**2)
    return np.asarray(((a * b) @ WEIGHTS + flat * NOISE**2) / np.sqrt(powers))


def believed(alike: Array, between: tuple[float, float]) -> Array:
    """0 for patches whose likeness (K,) is at most the first number, 1 from the second on."""
    first, second = between
    return np.asarray(np.clip((alike - first) / (second - first), 0, 1))


def nearness(points: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    """1 for the same point, towards 0 for far ones: (K, 2) -> (K, K)."""
    apart = np.square(points[:, None].astype(np.float64) - points).sum(axis=-1)
    return np.asarray(np.exp(-apart / (2 * sigma**2)))
