"""Landmarks calmed as they come: each frame answered at once, from what was seen before it.

The causal sibling of `smooth`, for live use. Per frame:

1. The head's motion since the last answer is the similarity that fits the points which no
   expression moves. It is predicted to go on as it went; of the difference r a share k is believed,
       carried = last + v + k r,        v <- v + (1 - √(1 - k))² r        (critically damped)
2. Of what is left in each facial part, seen - carried, a share k is believed.
3. Each k opens with the energy of what it lets through against that of trembling, σ² (as `smooth`
   does), and with a point's confidence c, both ways, so that what is likelier wrong than right is
   followed reluctantly:
       k = still + (1 - still) open min(1, 2c)
       still = 1 - exp(-dt c / (strength `LAG_S`)),   open = max(0, 1 - strength gain σ² / energy)

A one-euro filter (Casiez et al. 2012) opens by the speed of each coordinate alone: either the
trembling of a single point opens it, or a blink of three frames does not. Heads have
inertia and are predicted; lids and lips stop all the time, and prediction would overshoot.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.points import RIGID
from animate_cli.faces.tracking.smooth import LIVELY, PARTS, THIRD_DIFFERENCE_NORM
from animate_cli.records import LANDMARKS, Points

LAG_S = 0.4  # of what is left of a still face, at full strength
GAIN = 10.0  # at full strength, energy below so many times the trembling's is trembling
LIVELY_GAIN = 1.0  # ... of lids and lips, whose motion must not be missed
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
        self._velocity = np.zeros((LANDMARKS, 2))  # of the head at each point, pixels/s
        self._time_s = Fraction(0)
        self._seen: deque[Array] = deque(maxlen=4)  # frames: points, then the head's own
        self._tremblings: deque[Array] = deque(maxlen=REMEMBERED)

    def __call__(
        self, landmarks: Points, confidence: NDArray[np.float32], time_s: Fraction
    ) -> Points:
        """landmarks (74, 2) in pixels, confidence (74,), time_s later than the last -> (74, 2)."""
        if self._strength <= 0:
            return landmarks
        seen = landmarks.astype(np.float64)
        weight = np.maximum(confidence.astype(np.float64), LEAST_WEIGHT)
        if self._out is None:
            self._reference = self._out = seen
            self._measure(seen, weight)
        else:
            self._measure(seen, weight)
            passed_s = float(time_s - self._time_s)
            carried = self._follow_head(self._out, seen, weight, passed_s)
            away = seen - carried
            self._out = carried + self._share(self._opened(away, weight), weight, passed_s) * away
        self._time_s = time_s
        return self._out.astype(np.float32)

    def _follow_head(self, last: Array, seen: Array, weight: Array, passed_s: float) -> Array:
        """`last` (74, 2) moved with the head, as far as its motion is believed."""
        predicted = self._velocity * passed_s
        surprise = carry(last, seen, weight) - last - predicted
        even = np.full(LANDMARKS, np.average(weight))
        opened = self._open(_energy(surprise, even), GAIN * float(self._noise()[-1]))
        k = self._share(np.full(LANDMARKS, opened), even, passed_s)
        self._velocity += (1 - np.sqrt(1 - k)) ** 2 * surprise / passed_s
        return last + predicted + k * surprise

    def _share(self, opened: Array, weight: Array, passed_s: float) -> Array:
        """k of the module's docstring: opened, weight (74,) -> (74, 1)."""
        still = 1 - np.exp(-passed_s * weight / (self._strength * LAG_S))
        share: Array = still + (1 - still) * opened * np.minimum(1, 2 * weight)
        return share[:, None]

    def _opened(self, away: Array, weight: Array) -> Array:
        """How far each point's part opens: away (74, 2) -> (74,) in [0, 1]."""
        opened = np.zeros(LANDMARKS)
        for part, noise in zip(PARTS, self._noise(), strict=False):
            k = list(part)
            gain = LIVELY_GAIN if part in LIVELY else GAIN
            opened[k] = self._open(_energy(away[k], weight[k]), gain * float(noise))
        return opened

    def _open(self, energy: float, noise: float) -> float:
        return max(0.0, 1 - self._strength * noise / max(energy, 1e-12))

    def _measure(self, seen: Array, weight: Array) -> None:
        """Remember third differences of the parts and the head: motion without its trend."""
        head = carry(self._reference, seen, weight)
        self._seen.append(np.stack((seen, head)))
        if len(self._seen) == self._seen.maxlen:
            a, b, c, d = self._seen
            squares = ((d - 3 * c + 3 * b - a) ** 2).sum(axis=-1) / THIRD_DIFFERENCE_NORM
            parts = [squares[0, list(part)].mean() for part in PARTS]
            self._tremblings.append(np.array([*parts, squares[1].mean()]))

    def _noise(self) -> Array:
        """σ² of each part and, last, of the head; the median ignores moments of real motion."""
        if not self._tremblings:
            return np.zeros(len(PARTS) + 1)
        own = np.median(np.stack(self._tremblings), axis=0)
        lively = np.array([*(part in LIVELY for part in PARTS), False])
        return np.where(lively, np.minimum(own, np.median(own)), own)


def carry(last: Array, seen: Array, weight: Array) -> Array:
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
