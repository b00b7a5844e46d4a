"""Smooth landmarks frame by frame, for live use: the causal counterpart of `smooth`.

Per frame, with filter gains k in [0, 1]:

1. The motion of the head since the last output is the similarity transform that fits the rigid
   points. A filter of second order predicts it with velocity v; r is the error of the prediction:
       carried = last + v dt + k r,    v <- v + (1 - √(1 - k))² r / dt    (critically damped)
2. In each facial part a filter of first order follows the rest of the motion:
       out = carried + k (seen - carried)
3. Each gain grows with the energy of the signal relative to that of the noise, σ² (estimated as in
   `smooth`), and with a point's confidence c:
       k = base + (1 - base) signal min(1, 2c)
       base = 1 - exp(-dt c / (strength `LAG_S`))
       signal = max(0, 1 - strength factor σ² / energy)

The One-Euro filter (Casiez et al. 2012) adapts to the speed of each coordinate alone: it either
lets the jitter of a single point through, or removes a blink of three frames. The head has inertia
and is predicted; lids and lips stop abruptly, and a prediction would overshoot.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.points import RIGID
from animate_cli.faces.tracking.smooth import LIDS_AND_LIPS, PARTS, THIRD_DIFFERENCE_NORM
from animate_cli.records import LANDMARKS, Points

LAG_S = 0.4  # time constant for a still face, at strength 1
NOISE_FACTOR = 10.0  # at strength 1, motion below this many times σ² counts as noise
LIDS_AND_LIPS_NOISE_FACTOR = 1.0  # ... of lids and lips, whose motion must be kept
NOISE_SAMPLES = 40  # frames from which σ² is estimated
LEAST_WEIGHT = 0.05  # of a point with confidence 0

Array = NDArray[np.float64]


class LiveSmoother:
    """The filter of one face. `reset` it after a cut, or after frames without the face."""

    def __init__(self, *, strength: float) -> None:
        """strength: 0 is off, 1 is strongest, as in `smooth`."""
        self._strength = strength
        self.reset()

    def reset(self) -> None:
        """Forget all earlier frames."""
        self._out: Array | None = None
        self._velocity = np.zeros((LANDMARKS, 2))  # of the head at each point, pixels/s
        self._time_s = Fraction(0)
        self._seen: deque[Array] = deque(
            maxlen=4
        )  # (2, 74, 2): the points, and a reference moved with the head
        self._noise_samples: deque[Array] = deque(maxlen=NOISE_SAMPLES)

    def __call__(
        self, landmarks: Points, confidence: NDArray[np.float32], time_s: Fraction
    ) -> Points:
        """Smoothed landmarks (74, 2) of a frame.

        landmarks (74, 2) in pixels; confidence (74,) in [0, 1]; time_s: later than the last.
        """
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
            residual = seen - carried
            signal = self._signal_shares(residual, weight)
            self._out = carried + self._filter_gain(signal, weight, passed_s) * residual
        self._time_s = time_s
        return self._out.astype(np.float32)

    def _follow_head(self, last: Array, seen: Array, weight: Array, passed_s: float) -> Array:
        """Step 1: the last output (74, 2), carried along with the head."""
        predicted = self._velocity * passed_s
        innovation = carry(last, seen, weight) - last - predicted
        even = np.full(LANDMARKS, np.average(weight))
        signal = self._signal_share(
            _energy(innovation, even), NOISE_FACTOR * float(self._noise()[-1])
        )
        k = self._filter_gain(np.full(LANDMARKS, signal), even, passed_s)
        self._velocity += (1 - np.sqrt(1 - k)) ** 2 * innovation / passed_s
        return last + predicted + k * innovation

    def _filter_gain(self, signal: Array, weight: Array, passed_s: float) -> Array:
        """Step 3: signal, weight (74,) -> k (74, 1)."""
        base = 1 - np.exp(-passed_s * weight / (self._strength * LAG_S))
        share: Array = base + (1 - base) * signal * np.minimum(1, 2 * weight)
        return share[:, None]

    def _signal_shares(self, residual: Array, weight: Array) -> Array:
        """The signal share of each point's part: residual (74, 2) -> (74,) in [0, 1]."""
        signal = np.zeros(LANDMARKS)
        for part, noise in zip(PARTS, self._noise(), strict=False):
            k = list(part)
            gain = LIDS_AND_LIPS_NOISE_FACTOR if part in LIDS_AND_LIPS else NOISE_FACTOR
            signal[k] = self._signal_share(_energy(residual[k], weight[k]), gain * float(noise))
        return signal

    def _signal_share(self, energy: float, noise: float) -> float:
        return max(0.0, 1 - self._strength * noise / max(energy, 1e-12))

    def _measure(self, seen: Array, weight: Array) -> None:
        """Add a sample of the noise of parts and head: mean squares of third differences."""
        head = carry(self._reference, seen, weight)
        self._seen.append(np.stack((seen, head)))
        if len(self._seen) == self._seen.maxlen:
            a, b, c, d = self._seen
            squares = ((d - 3 * c + 3 * b - a) ** 2).sum(axis=-1) / THIRD_DIFFERENCE_NORM
            parts = [squares[0, list(part)].mean() for part in PARTS]
            self._noise_samples.append(np.array([*parts, squares[1].mean()]))

    def _noise(self) -> Array:
        """σ² of each part and, last, of the head: the median over samples, robust to motion."""
        if not self._noise_samples:
            return np.zeros(len(PARTS) + 1)
        own = np.median(np.stack(self._noise_samples), axis=0)
        is_limited = np.array([*(part in LIDS_AND_LIPS for part in PARTS), False])
        return np.where(is_limited, np.minimum(own, np.median(own)), own)


def carry(last: Array, seen: Array, weight: Array) -> Array:
    """`last` (74, 2) moved by the similarity that fits its rigid points to those of `seen`.

    Weighted least squares, in closed form with complex numbers: z -> a z + b.
    """
    k = list(RIGID)
    w = weight[k] / weight[k].sum()
    z, there = last[:, 0] + 1j * last[:, 1], seen[k, 0] + 1j * seen[k, 1]
    middle, target = (w * z[k]).sum(), (w * there).sum()
    about = z[k] - middle
    a = (w * about.conj() * (there - target)).sum() / max((w * np.abs(about) ** 2).sum(), 1e-12)
    moved = target + a * (z - middle)
    return np.stack((moved.real, moved.imag), axis=1)


def _energy(residual: Array, weight: Array) -> float:
    """Weighted mean of the squared lengths of vectors (k, 2)."""
    return float(np.average((residual**2).sum(axis=1), weights=weight))
