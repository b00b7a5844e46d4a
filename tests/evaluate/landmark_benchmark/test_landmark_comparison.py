"""The landmark table on a toy world whose truth is known exactly."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from toy_world import ToyLandmarker, ToyProposer, canonical_points, find_disc, toy_frame

from animate_cli.evaluate.landmark_benchmark.protocol import (
    LabelledClip,
    LabelledPicture,
    LandmarkProtocol,
    shortened,
    tracking_squares,
)
from animate_cli.evaluate.landmark_benchmark.table import (
    LandmarkComparison,
    LandmarkEntry,
)
from animate_cli.faces.landmarks.inference import roll_deg
from animate_cli.faces.landmarks.jitter import Jitter, interocular_px, mean_jitter
from animate_cli.options import FaceOptions
from animate_cli.records import Frame, Trajectory, VideoInfo

RATE = Fraction(25)


class Moved:
    """A detector whose n-th result is the truth moved by `offset(n)`, in squares."""

    size = 64

    def __init__(self, offset):
        self._toy, self._offset, self._looks = ToyLandmarker(), offset, 0
        self.seen = []

    def __call__(self, squares):
        points, sure = self._toy(squares)
        for index, square in enumerate(squares):
            points[index] += np.float32(self._offset(self._looks))
            self._looks += 1
            self.seen.append(square.tobytes())
        return points, sure

    def refine(self, frames, points):
        return points


@pytest.fixture(autouse=True)
def toy_proposer(monkeypatch):
    monkeypatch.setattr("animate_cli.faces.tracking.track.make_proposer", lambda _: ToyProposer())


def labelled(frame):
    x, y, radius = find_disc(frame)
    return (canonical_points() * radius + (x, y)).astype(np.float32)


def clip(shifts):
    frames = [
        Frame(pixels=toy_frame(128, 96, shift=s), index=i, time_s=i / RATE)
        for i, s in enumerate(shifts)
    ]
    info = VideoInfo(
        path=Path("toy.mp4"),
        width=128,
        height=96,
        rate=RATE,
        frames=len(frames),
        duration_s=len(frames) / RATE,
        codec="none",
    )
    truth = np.stack([labelled(frame.pixels) for frame in frames])
    return LabelledClip(info=info, frames=frames, landmarks=truth)


def compare(entries, clips=(), pictures=(), protocol=LandmarkProtocol()):  # noqa: B008
    comparison = LandmarkComparison(entries, reference=ToyLandmarker(), protocol=protocol)
    for one in clips:
        comparison.add_clip(one)
    for one in pictures:
        comparison.add_picture(one)
    return comparison.table()


def test_the_truth_is_exact_and_a_shifted_truth_is_off_by_the_shift():
    still = clip([0.0] * 12)
    entries = [
        LandmarkEntry(name="truth", network=Moved(lambda _: (0, 0))),
        LandmarkEntry(name="shifted", network=Moved(lambda _: (2, 0))),
    ]
    table = compare(entries, [still])
    truth, shifted = table.row("truth"), table.row("shifted")
    assert truth.on("clips").nme < 1.5  # the disc's pixels, cut and counted again
    assert shifted.on("clips").nme == pytest.approx(
        _shift_per_cent(still, square_px=2), rel=0.25, abs=1
    )
    assert shifted.steadiness.px == pytest.approx(truth.steadiness.px, abs=1e-6)
    assert table.row("labels").on("clips").nme == 0
    assert (table.clips, table.frames, table.lost) == (1, 12, 0)


def _shift_per_cent(still, *, square_px):
    """A shift in the square, in % of the distance of the eyes, seen through the tracking square."""
    points = still.landmarks[0]
    side = 1.5 * np.ptp(points, axis=0).max()
    return 100 * square_px * side / 64 / float(interocular_px(points))


def test_alternating_by_a_is_a_steadiness_of_two_a_and_smoothing_helps():
    still = clip([0.0] * 20)
    jitter = Moved(lambda look: (0.5 if look % 2 else -0.5, 0))
    entries = [
        LandmarkEntry(name="raw", network=jitter),
        LandmarkEntry(name="smoothed", network=jitter, smooth=1.0),
    ]
    table = compare(entries, [still])
    raw, smoothed = table.row("raw").steadiness, table.row("smoothed").steadiness
    side = 1.5 * np.ptp(still.landmarks[0], axis=0).max()
    assert raw.px == pytest.approx(2 * 0.5 * side / 64, rel=0.1)
    assert smoothed.px < 0.5 * raw.px
    assert raw.frames == 18


def freckled(frame, shift):
    """The disc with a pattern that moves with it, in green, which its detector ignores."""
    y, x = np.mgrid[:96, :128] - np.array([0, shift])[:, None, None]
    pattern = 55 + 25 * np.sin(x / 1.3 + y / 3) + 25 * np.cos(y / 1.5 - x / 4)
    disc = (frame.pixels[..., 0] > 150) & (frame.pixels[..., 1] < 110)
    pixels = frame.pixels.copy()
    pixels[..., 1][disc] = pattern[disc]
    return replace(frame, pixels=pixels)


def test_registration_undoes_a_slow_drift():
    shifts = np.linspace(0, 12, 30)
    plain = clip(shifts)
    frames = [freckled(f, shift) for f, shift in zip(plain.frames, shifts, strict=True)]
    moving = replace(plain, frames=frames)
    drift = Moved(lambda look: (0, 0.08 * look))
    entries = [
        LandmarkEntry(name="smoothed", network=drift, smooth=0.5),
        LandmarkEntry(name="registered", network=drift, registered=True, smooth=0.5),
    ]
    table = compare(entries, [moving])
    smoothed, registered = table.row("smoothed"), table.row("registered")
    assert registered.on("clips").nme < 0.7 * smoothed.on("clips").nme


def test_all_detectors_read_the_same_squares():
    entries = [LandmarkEntry(name=str(i), network=Moved(lambda _: (0, 0))) for i in range(3)]
    pictures = [
        LabelledPicture(kind="image", pixels=f, landmarks=labelled(f))
        for f in (toy_frame(128, 96, shift=s) for s in (0.0, 9.0))
    ]
    compare(entries, [clip(np.linspace(0, 30, 15))], pictures)
    first, *others = (entry.network.seen for entry in entries)
    assert len(first) == 15 + 2
    assert all(seen == first for seen in others)


def test_squares_are_those_that_tracking_cuts():
    from animate_cli.faces.crop import cut
    from animate_cli.faces.tracking.track import track

    moving = clip(np.linspace(-25, 25, 40))
    watcher = Moved(lambda _: (0, 0))
    options = FaceOptions(smooth=0.0)
    tracked = track(
        moving.frames, moving.info, watcher, options, sha256="", on_frame=lambda _: None
    )
    squares = tracking_squares(tracked, watcher.size)
    assert len({id(square) for square in squares}) > 3  # it had to follow
    again = [
        cut(f.pixels, s, watcher.size).tobytes()
        for f, s in zip(moving.frames, squares, strict=True)
    ]
    assert sum(square in watcher.seen for square in again[1:]) == len(again) - 1


def test_a_still_face_keeps_its_square_and_a_cut_begins_another():
    points = np.repeat(labelled(toy_frame(128, 96))[None], 6, axis=0)
    assert abs(roll_deg(points[0])) < 1
    still = Trajectory(
        landmarks=points,
        confidence=np.ones((6, 74), np.float32),
        found=np.ones(6, bool),
        cut=np.arange(6) == 4,
        times_s=tuple(i / RATE for i in range(6)),
        rate=RATE,
        width=128,
        height=96,
        driver="toy",
        sha256="",
    )
    squares = tracking_squares(still, 64)
    assert [square is squares[0] for square in squares] == [True] * 4 + [False] * 2
    gone = replace(still, found=np.array([True, True, False, True, True, True]))
    assert tracking_squares(gone, 64)[3] is not squares[0]


def test_68_points_are_measured_without_the_rest():
    class BreakTheRest(ToyLandmarker):
        def __call__(self, squares):
            points, sure = super().__call__(squares)
            points[:, 68:] = np.random.default_rng(len(squares)).uniform(0, 64, (6, 2))
            return points, sure

    table = compare(
        [LandmarkEntry(name="fan", network=BreakTheRest(), known=68)], [clip([0.0] * 6)]
    )
    row = table.row("fan")
    assert row.on("clips").nme < 1.5
    assert np.isnan(row.on("clips").group("pupils"))
    assert row.steadiness.px == pytest.approx(0, abs=1e-6)


def test_the_result_carries_its_protocol_and_every_row():
    protocol = LandmarkProtocol(frames_per_clip=4, seed=7)
    frame = toy_frame(128, 96)
    picture = LabelledPicture(kind="image", pixels=frame, landmarks=labelled(frame))
    entries = [LandmarkEntry(name="toy", network=ToyLandmarker())]
    table = compare(entries, [clip([0.0] * 9)], [picture], protocol)
    read = json.loads(table.json())
    assert read["protocol"]["seed"] == 7
    assert read["frames"] == 4
    assert [row["name"] for row in read["rows"]] == ["toy", "labels"]
    text = table.text()
    assert all(word in text for word in ("toy", "labels", "image", "seed: 7", "SMS"))


def test_clips_end_with_their_labels():
    long = clip([0.0] * 5)
    short = LabelledClip(info=long.info, frames=long.frames, landmarks=long.landmarks[:3])
    assert len(shortened(short, 0).frames) == 3
    assert len(shortened(long, 2).landmarks) == 2


def test_clips_weigh_by_their_frames():
    parts = [
        Jitter(px=1.0, interocular=0.5, frames=10),
        Jitter(px=4.0, interocular=2.0, frames=20),
        Jitter(px=float("nan"), interocular=float("nan"), frames=0),
    ]
    assert mean_jitter(parts) == Jitter(px=3.0, interocular=1.5, frames=30)


def test_rows_tell_how_much_of_a_motion_is_seen():
    """Pupils of the labels move; one detector refines them by half of that, the other by none."""
    gaze = np.float32([3, -3, 2, -2, 1, -1])

    class HalfGaze(ToyLandmarker):
        seen = 0

        def refine(self, frames, points):
            refined = points.copy()
            after = self.seen + len(frames)
            refined[:, 72:, 0] += gaze[self.seen : after, None] / 2
            self.seen = after
            return refined

    one = clip([0.0] * 6)
    labels = one.landmarks.copy()
    labels[:, 72:, 0] += gaze[:, None]
    entries = [
        LandmarkEntry(name="half", network=HalfGaze()),
        LandmarkEntry(name="none", network=ToyLandmarker()),
    ]
    table = compare(entries, [replace(one, landmarks=labels)])
    slopes = {row.name: dict(row.motions)["gaze x"].slope for row in table.rows}
    assert slopes["half"] == pytest.approx(0.5, abs=0.02)
    assert slopes["none"] == pytest.approx(0, abs=0.02)
    assert slopes["labels"] == pytest.approx(1)
    assert "slope (r)" in table.text()
    assert "gaze x" in table.text()
