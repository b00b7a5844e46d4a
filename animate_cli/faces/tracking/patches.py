"""Square patches of a grey picture about points, and their correlation."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.records import Points

RADIUS = 5  # of a patch, in pixels; it has N = 121 of them
WINDOW_PX = 3.0  # σ of the Gaussian weights of a patch's pixels
NOISE = 2 / 255  # standard deviation of a picture's noise, grey in [0, 1]

Array = NDArray[np.float32]

_LINE = np.arange(-RADIUS, RADIUS + 1, dtype=np.float32)
_ACROSS, _DOWN = (axis.ravel() for axis in np.meshgrid(_LINE, _LINE))  # of a patch's N pixels
WEIGHTS: Array = np.exp(-(_ACROSS**2 + _DOWN**2) / (2 * WINDOW_PX**2))
WEIGHTS /= WEIGHTS.sum()


def patches_about(view: Array, points: Points) -> Array:
    """Patches (K, N) about points (K, 2) of a view (S, S) in [0, 1], whose edges are repeated."""
    x, y = points[:, :1] + _ACROSS, points[:, 1:] + _DOWN
    return cv2.remap(view, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def correlation(some: Array, others: Array, *, flat: float = 0.0) -> Array:
    """Weighted correlation of patches (K, N) with others: (K,); `flat` where both are flat."""
    a = some - (some @ WEIGHTS)[:, None]
    b = others - (others @ WEIGHTS)[:, None]
    powers = (np.square(a) @ WEIGHTS + NOISE**2) * (np.square(b) @ WEIGHTS + NOISE**2)
    return np.asarray(((a * b) @ WEIGHTS + flat * NOISE**2) / np.sqrt(powers))


def trust_in(correlations: Array, between: tuple[float, float]) -> Array:
    """Trust in patches of these correlations (K,): 0 up to the first limit, 1 from the second."""
    first, second = between
    return np.asarray(np.clip((correlations - first) / (second - first), 0, 1))


def nearness(points: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    """Gaussian of the distance between each two points: (K, 2) -> (K, K), 1 at distance 0."""
    apart = np.square(points[:, None].astype(np.float64) - points).sum(axis=-1)
    return np.asarray(np.exp(-apart / (2 * sigma**2)))
