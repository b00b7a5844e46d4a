"""Bar: what the landmark network makes of the rendered head's blinks, against the truth."""

import numpy as np
import pytest
from places import EXAMPLES

from animate_cli.faces.aperture import eye_apertures
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.tracking.track import track
from animate_cli.media.reader import open_driver
from animate_cli.options import FaceOptions, ReadOptions


@pytest.mark.slow
def test_the_rendered_heads_blinks_are_seen_and_nothing_else_is_taken_for_one():
    closed = np.load(EXAMPLES / "driver_truth.npz")["lids_closed"]
    with open_driver(EXAMPLES / "driver.mp4", ReadOptions(), threads=1) as reader:
        trajectory = track(
            reader,
            reader.info,
            load_landmarker(),
            FaceOptions(),
            sha256="",
            on_frame=lambda _: None,
        )
    both = eye_apertures(trajectory.landmarks)
    reading = (both / np.median(both, axis=0)).max(axis=1)
    starts = np.flatnonzero((closed[1:] > 1e-6) & (closed[:-1] <= 1e-6)) + 1
    blinks = [slice(start - 1, start + 8) for start in starts]
    depths = [round(float(reading[blink].min()), 2) for blink in blinks]
    awake = reading[closed <= 1e-6]
    print(f"blinks read as {depths} of the usual opening; open eyes from {awake.min():.2f}")
    assert len(depths) == 5
    assert sum(depth < 0.5 for depth in depths) >= 4
    assert np.quantile(awake, 0.02) > 0.8
