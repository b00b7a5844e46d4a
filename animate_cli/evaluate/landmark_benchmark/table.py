"""Compares landmark detectors: accuracy, jitter, motion, copied label errors (Zhao 2021, table 5).

`LandmarkComparison` fills the table; `LandmarkTable.text` and `.json` print it. `protocol` gives
the squares that detectors read; the columns are computed by `metrics.landmarks.landmark_nme`,
`faces.landmarks.jitter` and `error_agreement`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.landmark_benchmark.error_agreement import (
    ErrorAgreement,
    ExternalPoints,
    error_agreement,
)
from animate_cli.evaluate.landmark_benchmark.motion_slopes import (
    MotionSlope,
    motion_slopes,
    slope_lines,
)
from animate_cli.evaluate.landmark_benchmark.protocol import (
    LabelledClip,
    LabelledPicture,
    LandmarkProtocol,
    detect_in_clip,
    picture_square,
    shortened,
    track_clip,
    tracking_squares,
)
from animate_cli.evaluate.metrics.landmarks.landmark_nme import Accuracy, Array, accuracy, errors
from animate_cli.evaluate.metrics.networks.external_landmarks import ExternalLandmarks
from animate_cli.faces.landmarks.inference import LandmarkDetector, detect_landmarks
from animate_cli.faces.landmarks.jitter import Jitter, mean_jitter, sms
from animate_cli.faces.tracking.registration import PointRegistration, smooth_registration
from animate_cli.faces.tracking.smooth import smooth
from animate_cli.records import LANDMARKS, Crop, Image, Points, Trajectory

CLIPS = "clips"


@dataclass(frozen=True, kw_only=True, eq=False)
class LandmarkEntry:
    """One row. known: the detector gives the first `known` of the 74 points; registered: whether
    points are registered between frames; smooth: strength of the smoothing after that."""

    name: str
    network: LandmarkDetector
    known: int = LANDMARKS
    registered: bool = False
    smooth: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LandmarkRow:
    """One detector's scores: accuracy by kind of data, jitter over all clips, agreement with label
    errors (None: there were no external detectors), and how much of each motion is seen in clips.
    """

    name: str
    accuracy: tuple[tuple[str, Accuracy], ...]
    steadiness: Jitter
    agreement: ErrorAgreement | None
    motions: tuple[tuple[str, MotionSlope], ...] = ()

    def on(self, kind: str) -> Accuracy:
        """The accuracy on "clips" or on one kind of pictures."""
        return dict(self.accuracy)[kind]


@dataclass(frozen=True, kw_only=True)
class LandmarkTable:
    """All rows, of which the last is the labels themselves.

    frames: of all clips; lost: frames without a face by the reference detector, which are left out.
    """

    protocol: LandmarkProtocol
    clips: int
    frames: int
    lost: int
    rows: tuple[LandmarkRow, ...]

    def row(self, name: str) -> LandmarkRow:
        """The row of a detector."""
        return next(row for row in self.rows if row.name == name)

    def json(self) -> str:
        """The table with its protocol as JSON."""
        return json.dumps(asdict(self), indent=2)

    def text(self) -> str:
        """A table for people: errors in % of the distance between the outer eye corners."""
        kinds = [kind for kind, _ in self.rows[0].accuracy]
        header = ["detector", *(f"{k}" for k in kinds), "pupils", "AUC@0.1", "fail %"]
        header += ["SMS px", "SMS %", "own err", "copied"]
        lines = [header, *(_line(row, kinds) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
        rows = ["  ".join(f"{c:>{w}}" for c, w in zip(ln, widths, strict=True)) for ln in lines]
        rows += ["", *slope_lines([(row.name, row.motions) for row in self.rows]), ""]
        note = f"{self.clips} clips, {self.frames} frames, {self.lost} lost by the reference"
        return "\n".join([*rows, note, *(f"  {k}: {v}" for k, v in asdict(self.protocol).items())])


@dataclass(kw_only=True, eq=False)
class _RowData:
    """The measurements of one row so far; `compared` has the frames of `_External.labels`."""

    known: int
    errors: dict[str, list[Array]] = field(default_factory=dict)
    jitter: list[Jitter] = field(default_factory=list)
    compared: list[Points] = field(default_factory=list)
    found: list[Points] = field(default_factory=list)
    labels: list[Points] = field(default_factory=list)

    def add_clip(
        self, points: Points, label: Points, tracked: Trajectory, compared: NDArray[np.intp]
    ) -> None:
        found = tracked.found
        self.errors.setdefault(CLIPS, []).append(errors(points[found], label[found]))
        self.jitter.append(sms(points[:, : self.known], found, tracked.cut))
        self.compared += [points[t] for t in compared]
        known = np.where(np.arange(LANDMARKS)[:, None] < self.known, points[found], np.nan)
        self.found.append(known.astype(np.float32))
        self.labels.append(label[found])

    def add_picture(self, points: Points, picture: LabelledPicture) -> None:
        error = errors(points[None], picture.landmarks[None])
        self.errors.setdefault(picture.kind, []).append(error)
        self.compared.append(points)


@dataclass(kw_only=True, eq=False)
class _External:
    """Points by the external detectors, and the labels of the same frames."""

    networks: Sequence[ExternalLandmarks]
    labels: list[Points] = field(default_factory=list)
    points: list[list[Points]] = field(default_factory=list)

    def detect(self, pixels: Image, label: Points) -> None:
        if not self.networks:
            return
        self.labels.append(label)
        self.points.append([network(pixels, label) for network in self.networks])

    def agreement(self, compared: list[Points], known: int) -> ErrorAgreement | None:
        if not self.labels:
            return None
        first, second = (
            ExternalPoints(points=network.points, found=np.stack([one[i] for one in self.points]))
            for i, network in enumerate(self.networks)
        )
        return error_agreement(
            np.stack(compared), np.stack(self.labels), (first, second), range(known)
        )


class LandmarkComparison:
    """Runs every detector on the same squares of clips and photos.

    external: two detectors that were trained on other labels, or none. It takes about 20 ms of one
    core per frame and row, and as much for the reference detector.
    """

    def __init__(
        self,
        entries: Sequence[LandmarkEntry],
        *,
        reference: LandmarkDetector,
        external: Sequence[ExternalLandmarks] = (),
        protocol: LandmarkProtocol,
    ) -> None:
        self._entries = entries
        self._reference = reference
        self._protocol = protocol
        self._rows = [_RowData(known=entry.known) for entry in entries]
        self._labels = _RowData(known=LANDMARKS)
        self._external = _External(networks=external)
        self._rng = np.random.default_rng(protocol.seed)
        self._clips = self._frames = self._lost = 0

    def add_clip(self, clip: LabelledClip) -> None:
        """Track the clip once, then run every detector on every frame."""
        clip = shortened(clip, self._protocol.frames_per_clip)
        tracked = track_clip(clip, self._reference)
        compared = np.flatnonzero(tracked.found)[:: self._protocol.opinion_every]
        for t in compared:
            self._external.detect(clip.frames[t].pixels, clip.landmarks[t])
        squares, batch = tracking_squares(tracked, self._reference.size), self._protocol.batch
        detected: dict[int, tuple[Points, NDArray[np.float32]]] = {}
        for entry, row in zip(self._entries, self._rows, strict=True):
            network = entry.network
            if id(network) not in detected:  # rows of one network differ in what follows
                detected[id(network)] = _detect(clip, squares, network, batch)
            points, confidence = detected[id(network)]
            points = _registered(clip, points, tracked) if entry.registered else points
            times_s, strength = tracked.times_s, entry.smooth
            points = smooth(points, confidence, tracked.found, tracked.cut, times_s, strength)
            row.add_clip(points, clip.landmarks, tracked, compared)
        self._labels.add_clip(clip.landmarks, clip.landmarks, tracked, compared)
        self._clips += 1
        self._frames += len(clip.frames)
        self._lost += tracked.lost

    def add_picture(self, picture: LabelledPicture) -> None:
        """Run every detector on one square of a photo."""
        square = picture_square(picture, self._reference, self._protocol, self._rng)
        self._external.detect(picture.pixels, picture.landmarks)
        for entry, row in zip(self._entries, self._rows, strict=True):
            first = detect_landmarks(picture.pixels, [square], entry.network)[0].landmarks
            row.add_picture(entry.network.refine([picture.pixels], first[None])[0], picture)
        self._labels.add_picture(picture.landmarks, picture)

    def table(self) -> LandmarkTable:
        """The table of everything added so far."""
        rows = [
            _row(entry.name, row, self._external)
            for entry, row in zip(self._entries, self._rows, strict=True)
        ]
        return LandmarkTable(
            protocol=self._protocol,
            clips=self._clips,
            frames=self._frames,
            lost=self._lost,
            rows=(*rows, _row("labels", self._labels, self._external)),
        )


def _detect(
    clip: LabelledClip, squares: Sequence[Crop], network: LandmarkDetector, batch: int
) -> tuple[Points, NDArray[np.float32]]:
    """One detector's points (T, 74, 2) and confidence (T, 74)."""
    detections = detect_in_clip(clip, squares, network, batch)
    points = np.stack([s.landmarks for s in detections])
    frames = [frame.pixels for frame in clip.frames]
    parts = [
        network.refine(frames[start : start + batch], points[start : start + batch])
        for start in range(0, len(points), batch)
    ]
    return np.concatenate(parts), np.stack([s.confidence for s in detections])


def _registered(clip: LabelledClip, points: Points, tracked: Trajectory) -> Points:
    """Points (T, 74, 2), registered between frames as `faces.tracking.track` does."""
    register, shifts = PointRegistration(), np.zeros_like(points)
    for t in np.flatnonzero(tracked.found).tolist():
        if tracked.cut[t]:
            register.restart()
        shifts[t] = register(clip.frames[t], points[t])
    out = points.copy()
    for frame, shift in smooth_registration(shifts, tracked.found, tracked.cut, tracked.times_s):
        out[frame] += shift
    return out


def _row(name: str, row: _RowData, external: _External) -> LandmarkRow:
    return LandmarkRow(
        name=name,
        accuracy=tuple(
            (kind, accuracy(np.concatenate(found), range(row.known)))
            for kind, found in row.errors.items()
        ),
        steadiness=mean_jitter(row.jitter),
        agreement=external.agreement(row.compared, row.known),
        motions=tuple(motion_slopes(row.found, row.labels).items()),
    )


def _line(row: LandmarkRow, kinds: Sequence[str]) -> list[str]:
    per_kind = [row.on(kind) for kind in kinds]
    faces = np.array([a.faces for a in per_kind], float)
    area, failed = (
        float((np.array(values) * faces).sum() / faces.sum())
        for values in ([a.auc for a in per_kind], [a.failures for a in per_kind])
    )
    agreement = row.agreement
    return [
        row.name,
        *(f"{a.nme:.2f}" for a in per_kind),
        f"{per_kind[0].group('pupils'):.2f}",
        f"{area:.3f}",
        f"{failed:.2f}",
        f"{row.steadiness.px:.3f}",
        f"{100 * row.steadiness.interocular:.3f}",
        f"{agreement.error:.2f}" if agreement else "-",
        f"{agreement.copied:.2f}" if agreement else "-",
    ]
