"""Bar: smoothing keeps the blinks and the lip swings of real people.

Both filters are given the labelled points of the `val` clips. An event is a brief extreme of an
opening, at least so deep against what lies within a quarter of a second on either side; what the
filter leaves of that depth is its share.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from labelled import rows

from animate_cli.faces.aperture import aperture, eye_apertures, face_radius
from animate_cli.faces.points import FACING_LIPS, MEDIAPIPE
from animate_cli.faces.tracking.smooth import smooth
from animate_cli.faces.tracking.smooth_live import LiveSmoother
from animate_cli.media.container.probe import survey
from animate_cli.options import FaceOptions, ReadOptions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

BRIEF_S = 0.25
LEAST_BLINK = 0.3  # of the eye's usual opening
LEAST_SWING = 0.06  # of the lips, in face sizes
KEPT = 0.9


def trajectories(data) -> Iterator[tuple[np.ndarray, Fraction]]:
    """Points (T, 74, 2) and frames a second of each clip."""
    for row in rows(data, "val", ("clip",)):
        with np.load(row.path.with_suffix(".npz"), allow_pickle=False) as labels:
            points = labels["landmarks"][:, MEDIAPIPE].astype(np.float32)
        yield points, survey(row.path, max_pixels=ReadOptions().max_pixels).info.rate


def whole(points, rate, strength):
    """The zero-lag filter."""
    frames = len(points)
    found, cut = np.ones(frames, bool), np.zeros(frames, bool)
    times_s = [i / rate for i in range(frames)]
    return smooth(points, np.ones((frames, 74), np.float32), found, cut, times_s, strength)


def live(points, rate, strength):
    """The causal one."""
    follow, sure = LiveSmoother(strength=strength), np.ones(74, np.float32)
    return np.stack([follow(p, sure, i / rate) for i, p in enumerate(points)])


def depth(extreme, near, k) -> float:
    """How far a maximum near frame k stands above the lower of both sides' surroundings."""
    before, after = near[near <= k], near[near >= k]
    return float(extreme[near].max() - max(extreme[before].min(), extreme[after].min()))


def shares(seen, calm, rate, least) -> list[float]:
    """What is left of each event: openings (T,) before and after, as maxima."""
    reach = max(round(BRIEF_S * float(rate)), 1)
    left = []
    for k in range(1, len(seen) - 1):
        near = np.arange(max(0, k - reach), min(len(seen), k + reach + 1))
        if seen[k] >= seen[near].max() and depth(seen, near, k) >= least:
            left.append(depth(calm, near, k) / depth(seen, near, k))
    return left


@pytest.mark.parametrize("filtered", [whole, live])
def test_real_blinks_and_lips_keep_nine_tenths(data, filtered):
    """On the mean, and in nine events of ten, at the default strength."""
    lids, lips = [], []
    for points, rate in trajectories(data):
        calm = filtered(points, rate, FaceOptions().smooth)
        for seen, left in zip(eye_apertures(points).T, eye_apertures(calm).T, strict=True):
            lids += shares(-seen, -left, rate, LEAST_BLINK * np.median(seen))
        seen, left = (aperture(p, FACING_LIPS, unit=face_radius(p)) for p in (points, calm))
        lips += shares(seen, left, rate, LEAST_SWING)
    print()
    for name, kept in (("lids", np.array(lids)), ("lips", np.array(lips))):
        deep = 100 * (kept >= KEPT).mean()
        print(f"{filtered.__name__}, {name}: {len(kept)} events keep {kept.mean():.3f}", end=", ")
        print(f"{deep:.0f} % of them at least {KEPT}")
        assert len(kept) > 100
        assert kept.mean() >= KEPT
        assert deep >= 90
