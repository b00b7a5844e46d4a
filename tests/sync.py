"""Measure the delay of a video's sound relative to the sound of its driver."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HZ = 8000
SEARCH_S = 0.1


def lag_s(path: Path, output: Path, start_s: Fraction, length_s: Fraction) -> float:
    """Delay of the output's sound in seconds, by cross-correlation with the driver's."""
    before = sound(path, float(start_s), float(length_s))
    after = sound(output, 0.0, float(length_s))
    if not before.any():
        assert not after.any()
        return 0.0
    spectrum = np.fft.rfft(after, 2 * len(after)) * np.fft.rfft(before, 2 * len(before)).conj()
    match = np.fft.irfft(spectrum)
    reach = round(SEARCH_S * HZ)
    near = np.concatenate([match[-reach:], match[: reach + 1]])
    return float(np.argmax(near) - reach) / HZ


def sound(path: Path, start_s: float, length_s: float) -> np.ndarray:
    """Mono sound at HZ on the clock that begins at start_s, by the frames' time stamps."""
    line = np.zeros(round(length_s * HZ))
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=HZ)
    with av.open(str(path)) as container:
        heard = container.decode(audio=0) if container.streams.audio else ()
        for frame in heard:
            for small in resampler.resample(frame):
                assert small.pts is not None
                at = round((float(small.pts * small.time_base) - start_s) * HZ)
                block = small.to_ndarray()[0][max(-at, 0) :]
                at = max(at, 0)
                block = block[: max(len(line) - at, 0)]
                line[at : at + len(block)] = block
    return line
