"""Memory that pass 1 needs for a long driver, in bytes."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction

import numpy as np
from painted import PaintedNetwork, info_of

from animate_cli.faces.tracking import track as tracking
from animate_cli.faces.tracking.follower import TrackedFace
from animate_cli.options import FaceOptions
from animate_cli.records import LANDMARKS, Frame


def test_a_long_driver_needs_little_more_than_its_points(monkeypatch) -> None:
    """Bytes per frame: of the trajectory, and at the peak of making it."""
    rng = np.random.default_rng(0)
    still = (300 * rng.random((LANDMARKS, 2))).astype(np.float32)

    class Still:
        ahead = 1

        def __init__(self, *_) -> None: ...

        def advance(self, waiting) -> list[TrackedFace]:
            points = still + rng.normal(0, 0.3, still.shape).astype(np.float32)
            sure = np.ones(LANDMARKS, np.float32)
            return [TrackedFace(landmarks=points, confidence=sure, found=True) for _ in waiting]

    class Shifted:
        def __call__(self, frame, points):
            return np.ones_like(points)

    monkeypatch.setattr(tracking, "FaceFollower", Still)
    monkeypatch.setattr(tracking, "PointRegistration", Shifted)
    pixels = np.zeros((2, 2, 3), np.uint8)

    def measured(count: int) -> tuple[int, int]:
        """Bytes kept and at the peak."""
        frames = (Frame(pixels=pixels, index=i, time_s=Fraction(i, 25)) for i in range(count))
        info = info_of([Frame(pixels=pixels, index=0, time_s=Fraction(0))])
        tracemalloc.start()
        whole = tracking.track(
            frames,
            info,
            PaintedNetwork(),
            FaceOptions(smooth=0.5),
            sha256="",
            on_frame=lambda _: None,
        )
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(whole) == count
        return kept, peak

    measured(10)  # what is imported on demand is not counted
    short, long = measured(1000), measured(4000)
    kept, peak = ((b - a) / 3000 for a, b in zip(short, long, strict=True))
    points = 4 * 3 * LANDMARKS  # x, y, confidence
    assert kept < 1.3 * points
    assert peak < 2.2 * points
