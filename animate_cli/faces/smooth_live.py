"""Landmarks calmed as they come: each frame answered at once, from what was seen before it.

The causal sibling of `smooth`, for live use. Three steps per frame:

1. The head's own motion since the last frame is the similarity that fits all steady points best;
   the last answer is carried along with it. Its noise is a small part of a single point's, so a
   turning head is followed without lag.
2. What is left, seen - carried, is movement of the face or trembling. One facial part moves as a
   whole: its energy v against that of trembling, σ², says how far to open (as in `smooth`),
       open = max(0, 1 - `NOISE_GAIN` σ² / v)
3. out = carried + k (seen - carried), k = still + (1 - still) open min(1, 2c),
       still = 1 - exp(-dt c / (strength `LAG_S`))
   where c is a point's confidence: what is likelier wrong than right is followed reluctantly.

A one-euro filter (Casiez et al. 2012) opens by the speed of each coordinate alone: either the
trembling of a single point opens it, or a blink of three frames does not. A Kalman filter with a
constant velocity overshoots where lids and lips stop. Lids and lips stop all the time.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.head import RIGID
from animate_cli.faces.smooth import LIVELY, PARTS, THIRD_DIFFERENCE_NORM
from animate_cli.records import Points

LAG_S = 0.4  # of what is left of a still face, at full strength
NOISE_GAIN = 3.0  # energy below so many times the trembling's is trembling
REMEMBERED = 40  # frames from which the trembling is measured
LEAST_WEIGHT = 0.05  # of a point without confidence

Array = NDArray[np.float64]


class LiveSmoother:
    """One face's filter; a new one for each face, `forget` after a cut or a loss."""

    def __init__(self, *, strength: float) -> None:
        """strength: 0 is off, 1 is strongest, as in `smooth`."""
        self._strength = strength
        self.forget()

    def forget(self) -> None:
        """The next frame has nothing to do with the last one."""
        self._out: Array | None = None
        self._time_s = Fraction(0)
        self._seen: deque[Array] = deque(maxlen=4)
        self._tremblings: deque[Array] = deque(maxlen=REMEMBERED)

    def __call__(
        self, landmarks: Points, confidence: NDArray[np.float32], time_s: Fraction
    ) -> Points:
        """landmarks (74, 2) in pixels, confidence (74,), time_s later than the last -> (74, 2)."""
        if self._strength <= 0:
            return landmarks
        seen = landmarks.astype(np.float64)
        weight = np.maximum(confidence.astype(np.float64), LEAST_WEIGHT)
        self._measure(seen)
        if self._out is None:
            out = seen
        else:
            carried = _carry(self._out, seen, weight)
            still = self._still(weight, float(time_s - self._time_s))
            share = still + (1 - still) * self._open(seen - carried, weight)
            out = carried + share[:, None] * (seen - carried)
        self._out, self._time_s = out, time_s
        return out.astype(np.float32)

    def _still(self, weight: Array, passed_s: float) -> Array:
        """How much of a still face's remainder is followed: (74,)."""
        return 1 - np.exp(-passed_s * weight / (self._strength * LAG_S))

    def _open(self, away: Array, weight: Array) -> Array:
        """How much more is followed where a part moves: away (74, 2) -> (74,) in [0, 1]."""
        noise = self._noise()
        power = np.array([_energy(away[list(p)], weight[list(p)]) for p in PARTS])
        opened = np.clip(1 - NOISE_GAIN * noise / np.maximum(power, 1e-12), 0, 1)
        share = np.zeros(len(away))
        for part, value in zip(PARTS, opened, strict=True):
            share[list(part)] = value
        return share * np.minimum(1, 2 * weight)

    def _measure(self, seen: Array) -> None:
        """Remember each part's third difference: what is left of motion without its trend."""
        self._seen.append(seen)
        if len(self._seen) == self._seen.maxlen:
            a, b, c, d = self._seen
            squares = ((d - 3 * c + 3 * b - a) ** 2).sum(axis=1) / THIRD_DIFFERENCE_NORM
            self._tremblings.append(np.array([squares[list(part)].mean() for part in PARTS]))

    def _noise(self) -> Array:
        """σ² of each part, both axes: the median ignores moments in which the part moves."""
        if not self._tremblings:
            return np.zeros(len(PARTS))
        own = np.median(np.stack(self._tremblings), axis=0)
        lively = np.array([part in LIVELY for part in PARTS])
        return np.where(lively, np.minimum(own, np.median(own)), own)


def _carry(last: Array, seen: Array, weight: Array) -> Array:
    """`last` (74, 2) moved by the similarity that brings its steady points nearest to `seen`'s.

    Weighted least squares, in closed form over the complex plane: z -> a z + b.
    """
    k = list(RIGID)
    w = weight[k] / weight[k].sum()
    z, there = last[:, 0] + 1j * last[:, 1], seen[k, 0] + 1j * seen[k, 1]
    middle, target = (w * z[k]).sum(), (w * there).sum()
    about = z[k] - middle
    a = (w * about.conj() * (there - target)).sum() / max((w * np.abs(about) ** 2).sum(), 1e-12)
    moved = target + a * (z - middle)
    return np.stack((moved.real, moved.imag), axis=1)


def _energy(away: Array, weight: Array) -> float:
    """Weighted mean square of a part's (k, 2), both axes."""
    return float(np.average((away**2).sum(axis=1), weights=weight))
