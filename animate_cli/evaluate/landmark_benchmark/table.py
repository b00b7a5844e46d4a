"""Landmark detectors side by side: how near, how steady, and whose errors (Zhao 2021, table 5).

`LandmarkComparison` fills the table; `LandmarkTable.text` and `.json` print it. The squares are
those of `landmark_protocol`, the columns those of `landmarks`, `faces.landmarks.jitter`,
`error_agreement`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from animate_cli.evaluate.landmark_benchmark.error_agreement import (
    ErrorAgreement,
    LandmarkReading,
    error_agreement,
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
from animate_cli.faces.landmarks.jitter import Jitter, sms
from animate_cli.faces.tracking.registration import PointRegistration, smooth_registration
from animate_cli.faces.tracking.smooth import smooth
from animate_cli.records import LANDMARKS, Crop, Image, Points, Trajectory

CLIPS = "clips"


@dataclass(frozen=True, kw_only=True, eq=False)
class LandmarkEntry:
    """One detector. known: how many points, from the first on; registered: between frames, then
    smooth: strength."""

    name: str
    network: LandmarkDetector
    known: int = LANDMARKS
    registered: bool = False
    smooth: float = 0.0


@dataclass(frozen=True, kw_only=True)
class LandmarkRow:
    """One detector's figures: accuracy by kind of data, steadiness over all clips."""

    name: str
    accuracy: tuple[tuple[str, Accuracy], ...]
    steadiness: Jitter
    agreement: ErrorAgreement | None

    def on(self, kind: str) -> Accuracy:
        """The accuracy on "clips" or on one kind of pictures."""
        return dict(self.accuracy)[kind]


@dataclass(frozen=True, kw_only=True)
class LandmarkTable:
    """All rows, the last one the labels themselves, and what they were measured on.

    frames: of all clips; lost: those in which the reference network saw no face, left out.
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
        """Everything, protocol included."""
        return json.dumps(asdict(self), indent=2)

    def text(self) -> str:
        """A table for people: errors in % of the distance between the outer eye corners."""
        kinds = [kind for kind, _ in self.rows[0].accuracy]
        head = ["detector", *(f"{k}" for k in kinds), "pupils", "AUC@0.1", "fail %"]
        head += ["SMS px", "SMS %", "own err", "copied"]
        lines = [head, *(_line(row, kinds) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        rows = ["  ".join(f"{c:>{w}}" for c, w in zip(ln, widths, strict=True)) for ln in lines]
        note = f"{self.clips} clips, {self.frames} frames, {self.lost} lost by the reference"
        return "\n".join([*rows, note, *(f"  {k}: {v}" for k, v in asdict(self.protocol).items())])


@dataclass(kw_only=True, eq=False)
class _Tally:
    """What one row has gathered so far; `judged` runs along `_Judges.labels`."""

    known: int
    errors: dict[str, list[Array]] = field(default_factory=dict)
    steady: list[Jitter] = field(default_factory=list)
    judged: list[Points] = field(default_factory=list)

    def add_clip(
        self, points: Points, label: Points, tracked: Trajectory, asked: NDArray[np.intp]
    ) -> None:
        found = tracked.found
        self.errors.setdefault(CLIPS, []).append(errors(points[found], label[found]))
        self.steady.append(sms(points[:, : self.known], found, tracked.cut))
        self.judged += [points[t] for t in asked]

    def add_picture(self, points: Points, picture: LabelledPicture) -> None:
        error = errors(points[None], picture.landmarks[None])
        self.errors.setdefault(picture.kind, []).append(error)
        self.judged.append(points)


@dataclass(kw_only=True, eq=False)
class _Judges:
    """The second opinions and the labels of the same frames."""

    networks: Sequence[ExternalLandmarks]
    labels: list[Points] = field(default_factory=list)
    said: list[list[Points]] = field(default_factory=list)

    def ask(self, pixels: Image, label: Points) -> None:
        if not self.networks:
            return
        self.labels.append(label)
        self.said.append([network(pixels, label) for network in self.networks])

    def compare(self, judged: list[Points], known: int) -> ErrorAgreement | None:
        if not self.labels:
            return None
        first, second = (
            LandmarkReading(points=network.points, found=np.stack([one[i] for one in self.said]))
            for i, network in enumerate(self.networks)
        )
        return error_agreement(
            np.stack(judged), np.stack(self.labels), (first, second), range(known)
        )


class LandmarkComparison:
    """Shows every detector the same squares, clip by clip and picture by picture.

    opinions: two networks that learned elsewhere, or none.
    Cost: some 20 ms per frame and row of one core, and as much for the reference.
    """

    def __init__(
        self,
        entries: Sequence[LandmarkEntry],
        *,
        reference: LandmarkDetector,
        opinions: Sequence[ExternalLandmarks] = (),
        protocol: LandmarkProtocol,
    ) -> None:
        self._entries = entries
        self._reference = reference
        self._protocol = protocol
        self._tallies = [_Tally(known=entry.known) for entry in entries]
        self._labels = _Tally(known=LANDMARKS)
        self._judges = _Judges(networks=opinions)
        self._rng = np.random.default_rng(protocol.seed)
        self._clips = self._frames = self._lost = 0

    def add_clip(self, clip: LabelledClip) -> None:
        """Track it once, then read every frame with every detector."""
        clip = shortened(clip, self._protocol.frames_per_clip)
        tracked = track_clip(clip, self._reference)
        asked = np.flatnonzero(tracked.found)[:: self._protocol.opinion_every]
        for t in asked:
            self._judges.ask(clip.frames[t].pixels, clip.landmarks[t])
        squares, batch = tracking_squares(tracked, self._reference.size), self._protocol.batch
        read: dict[int, tuple[Points, NDArray[np.float32]]] = {}
        for entry, tally in zip(self._entries, self._tallies, strict=True):
            if id(entry.network) not in read:  # rows may differ in what follows alone
                read[id(entry.network)] = _read(clip, squares, entry.network, batch)
            points, sure = read[id(entry.network)]
            points = _registered(clip, points, tracked) if entry.registered else points
            points = smooth(points, sure, tracked.found, tracked.cut, tracked.times_s, entry.smooth)
            tally.add_clip(points, clip.landmarks, tracked, asked)
        self._labels.add_clip(clip.landmarks, clip.landmarks, tracked, asked)
        self._clips += 1
        self._frames += len(clip.frames)
        self._lost += tracked.lost

    def add_picture(self, picture: LabelledPicture) -> None:
        """One square, every detector."""
        square = picture_square(picture, self._reference, self._protocol, self._rng)
        self._judges.ask(picture.pixels, picture.landmarks)
        for entry, tally in zip(self._entries, self._tallies, strict=True):
            tally.add_picture(
                detect_landmarks(picture.pixels, [square], entry.network)[0].landmarks, picture
            )
        self._labels.add_picture(picture.landmarks, picture)

    def table(self) -> LandmarkTable:
        """The figures of all that was added."""
        rows = [
            _row(entry.name, tally, self._judges)
            for entry, tally in zip(self._entries, self._tallies, strict=True)
        ]
        return LandmarkTable(
            protocol=self._protocol,
            clips=self._clips,
            frames=self._frames,
            lost=self._lost,
            rows=(*rows, _row("labels", self._labels, self._judges)),
        )


def _read(
    clip: LabelledClip, squares: Sequence[Crop], network: LandmarkDetector, batch: int
) -> tuple[Points, NDArray[np.float32]]:
    """One detector's points (T, 74, 2) and confidence (T, 74)."""
    sights = detect_in_clip(clip, squares, network, batch)
    return np.stack([s.landmarks for s in sights]), np.stack([s.confidence for s in sights])


def _registered(clip: LabelledClip, points: Points, tracked: Trajectory) -> Points:
    """Points (T, 74, 2) as `faces.tracking.track` registers them."""
    register, shifts = PointRegistration(), np.zeros_like(points)
    for t in np.flatnonzero(tracked.found).tolist():
        if tracked.cut[t]:
            register.restart()
        shifts[t] = register(clip.frames[t], points[t])
    out = points.copy()
    for frame, shift in smooth_registration(shifts, tracked.found, tracked.cut, tracked.times_s):
        out[frame] += shift
    return out


def _row(name: str, tally: _Tally, judges: _Judges) -> LandmarkRow:
    return LandmarkRow(
        name=name,
        accuracy=tuple(
            (kind, accuracy(np.concatenate(parts), range(tally.known)))
            for kind, parts in tally.errors.items()
        ),
        steadiness=pooled(tally.steady),
        agreement=judges.compare(tally.judged, tally.known),
    )


def pooled(parts: Sequence[Jitter]) -> Jitter:
    """The mean over all frames of several trajectories."""
    counted = [p for p in parts if p.frames]
    frames = sum(p.frames for p in counted)
    if not frames:
        return Jitter(px=float("nan"), interocular=float("nan"), frames=0)
    return Jitter(
        px=sum(p.px * p.frames for p in counted) / frames,
        interocular=sum(p.interocular * p.frames for p in counted) / frames,
        frames=frames,
    )


def _line(row: LandmarkRow, kinds: Sequence[str]) -> list[str]:
    per_kind = [row.on(kind) for kind in kinds]
    faces = np.array([a.faces for a in per_kind], float)
    area, failed = (
        float((np.array(values) * faces).sum() / faces.sum())
        for values in ([a.auc for a in per_kind], [a.failures for a in per_kind])
    )
    judged = row.agreement
    return [
        row.name,
        *(f"{a.nme:.2f}" for a in per_kind),
        f"{per_kind[0].group('pupils'):.2f}",
        f"{area:.3f}",
        f"{failed:.2f}",
        f"{row.steadiness.px:.3f}",
        f"{100 * row.steadiness.interocular:.3f}",
        f"{judged.error:.2f}" if judged else "-",
        f"{judged.copied:.2f}" if judged else "-",
    ]
