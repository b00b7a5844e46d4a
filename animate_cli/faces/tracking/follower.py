"""One face, frame after frame: where to look next, when to believe it, when to search again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import LANDMARK_MARGIN, points_box, square
from animate_cli.faces.detection.detect import (
    LEAST_SCORE,
    Search,
    choose,
    detection,
    find_landmark_results,
    is_face,
    settle,
    shift,
)
from animate_cli.faces.detection.viola_jones import Proposer
from animate_cli.faces.landmarks.inference import (
    LandmarkDetector,
    LandmarkResult,
    detect_in_crops,
    roll_deg,
    upright_square,
)
from animate_cli.faces.tracking.appearance import Look, blend, describe, similarity
from animate_cli.faces.tracking.shot_detection import (
    MAYBE_CUT,
    SURE_CUT,
    Thumbnail,
    change,
    thumbnail,
)
from animate_cli.records import LANDMARKS, Crop, Frame, Image, Points

MOST_AHEAD = 8  # frames that go through the network together while the face keeps its square
FOLLOW_SCORE = 0.3  # a face once found is believed longer than a new one
FARTHEST_STEP = 0.6  # mean shift between two frames, in box sides: beyond, it is something else
JUMP = 0.2  # ... and with a change of the picture: another shot
STRAY = 0.06  # the square is cut anew when the face's centre has moved so far, in box sides
STRAY_ZOOM = 1.1
STRAY_ROLL_DEG = 7.0
WIDER = 1.6  # a lost face is first looked for in a larger square
SEEK_EVERY = 3  # frames between searches of the whole picture while the face is lost
DESPERATE_EVERY = 8  # searches between those that also try profiles and tilted heads
SAME_PERSON = 0.78  # similarities, see `appearance.py`
OTHER_PERSON = 0.7
LONGEST_DOUBT = 45  # frames after which a changed look is believed to be the same person's
LEARNING = 0.05  # share of each frame in the remembered look


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackedFace:
    """One frame's answer.

    landmarks (74, 2) and confidence (74,), both 0 where not `found`; cut: another shot begins;
    revoked: so many frames before this one turned out to show somebody else.
    """

    landmarks: Points
    confidence: NDArray[np.float32]
    found: bool
    cut: bool = False
    revoked: int = 0


class FaceFollower:
    """Follows one face. The answers do not depend on how many frames wait at a time."""

    def __init__(self, network: LandmarkDetector, proposer: Proposer, face: str) -> None:
        self.ahead = 1
        self._network = network
        self._proposer = proposer
        self._face = face
        self._square: Crop | None = None  # None while lost
        self._last: Points | None = None
        self._reference: Look | None = None
        self._thumbnail: Thumbnail | None = None
        self._unseen = 0
        self._doubt = 0

    def advance(self, waiting: Sequence[Frame]) -> list[TrackedFace]:
        """Answers for the first frames of those waiting: at least one."""
        frames = [frame.pixels for frame in waiting][: self.ahead]
        thumbnails = [thumbnail(frame) for frame in frames]
        previous = [thumbnails[0] if self._thumbnail is None else self._thumbnail, *thumbnails]
        changes = [change(a, b) for a, b in zip(previous, thumbnails, strict=False)]
        if self._square is None or changes[0] >= SURE_CUT:
            seen = [self._seek(frames[0], is_cut=changes[0] >= SURE_CUT)]
        else:
            calm = next((i for i, c in enumerate(changes) if i and c >= MAYBE_CUT), len(frames))
            seen = self._follow(frames[:calm], self._square, may_cut=changes[0] >= MAYBE_CUT)
        self._thumbnail = thumbnails[len(seen) - 1]
        return seen

    def _follow(self, frames: Sequence[Image], where: Crop, *, may_cut: bool) -> list[TrackedFace]:
        """Look at all frames through one square; stop where the face leaves it or is lost."""
        seen: list[TrackedFace] = []
        for frame, sight in zip(
            frames, detect_in_crops([(f, where) for f in frames], self._network), strict=True
        ):
            step = np.inf if self._last is None else shift(self._last, sight.landmarks)
            is_there = is_face(sight, frame, FOLLOW_SCORE) and step <= FARTHEST_STEP
            is_cut = may_cut and not seen and not (is_there and step <= JUMP)
            if is_cut or not is_there:
                self.ahead = 1
                return [*seen, self._seek(frame, is_cut=is_cut)]
            seen.append(self._believe_or_doubt(frame, sight))
            if self._last is not None and is_another_face(self._last, where):
                self._square = upright_square(self._last, self._network.size)
                self.ahead = max(self.ahead // 2, 1)
                return seen
        self.ahead = min(2 * self.ahead, MOST_AHEAD)
        return seen

    def _believe_or_doubt(self, frame: Image, sight: LandmarkResult) -> TrackedFace:
        """Take what was followed, unless it looks strange and another face looks like ours."""
        looks = describe(sight)
        likeness = 1.0 if self._reference is None else similarity(looks, self._reference)
        if likeness >= SAME_PERSON or self._doubt >= LONGEST_DOUBT:
            share = LEARNING if likeness >= SAME_PERSON else 1.0
            return self._take(sight, looks, share)
        if self._doubt % SEEK_EVERY == 0:
            others = [(similarity(describe(s), self._reference), s) for s in self._search(frame)]  # type: ignore[arg-type]
            alike, other = max(others, key=lambda o: o[0], default=(0.0, sight))
            if alike >= SAME_PERSON and shift(sight.landmarks, other.landmarks) > JUMP:
                return self._take(other, describe(other), LEARNING, revoked=self._doubt)
        self._doubt += 1
        self._last = sight.landmarks
        return _found(sight)

    def _seek(self, frame: Image, *, is_cut: bool) -> TrackedFace:
        """Search for the face: nearby in every frame, in the whole picture every few frames."""
        self.ahead = 1
        width = frame.shape[1]
        if is_cut:
            self._last = None  # where a face was in another shot says nothing here
        choice = None if is_cut else self._recognise(self._nearby(frame), width, is_cut=False)
        if choice is None and (is_cut or self._unseen % SEEK_EVERY == 0):
            choice = self._recognise(self._search(frame), width, is_cut=is_cut)
        if choice is None:
            self._square = None
            self._unseen += 1
            return _nobody(is_cut=is_cut)
        self._unseen = 0
        self._square = upright_square(choice.landmarks, self._network.size)
        share = LEARNING if self._reference is not None and not is_cut else 1.0
        return self._take(choice, describe(choice), share, is_cut=is_cut)

    def _nearby(self, frame: Image) -> list[LandmarkResult]:
        """The face where it was last seen, or not far from there."""
        if self._last is None:
            return []
        crop = upright_square(self._last, self._network.size)
        crops = [crop] if self._unseen else [crop, _wider(self._last, self._network.size)]
        sights = settle(frame, self._network, crops)
        return [s for s in sights if s is not None and is_face(s, frame, LEAST_SCORE)]

    def _search(self, frame: Image) -> list[LandmarkResult]:
        """Faces of the whole picture: at first with patience, later the quick round for most."""
        is_start = self._reference is None and self._unseen == 0
        rounds = self._unseen // SEEK_EVERY
        if self._reference is None and self._face != "largest":
            search = Search.ALL  # all must be there to be told left from right
        elif is_start or rounds % DESPERATE_EVERY == DESPERATE_EVERY - 1:
            search = Search.FIRST
        else:
            search = Search.QUICK
        return find_landmark_results(frame, self._network, self._proposer, search)

    def _recognise(
        self, faces: Sequence[LandmarkResult], width: int, *, is_cut: bool
    ) -> LandmarkResult | None:
        """The one of the faces that is ours, if any."""
        if not faces:
            return None
        if self._reference is None:
            detections = [detection(s) for s in faces]
            return faces[detections.index(choose(detections, self._face, width))]
        reference = self._reference
        alike, best = max(
            ((similarity(describe(s), reference), s) for s in faces), key=lambda o: o[0]
        )
        is_in_place = (
            not is_cut
            and self._last is not None
            and shift(self._last, best.landmarks) <= FARTHEST_STEP
        )
        return best if alike >= (OTHER_PERSON if is_in_place else SAME_PERSON) else None

    def _take(
        self,
        sight: LandmarkResult,
        looks: Look,
        share: float,
        *,
        is_cut: bool = False,
        revoked: int = 0,
    ) -> TrackedFace:
        """Believe that this is our face, and learn how it looks."""
        self._last = sight.landmarks
        self._doubt = 0
        known = self._reference
        self._reference = looks if known is None else blend(known, looks, share)
        return _found(sight, is_cut=is_cut, revoked=revoked)


def is_another_face(points: Points, where: Crop) -> bool:
    """Whether a face has moved, grown or tilted so far that its square should be cut anew."""
    x0, y0, x1, y1 = points_box(points)
    upright = upright_square(points, where.size)
    (here, side, roll), (there, old_side, old_roll) = _pose(upright), _pose(where)
    turned = (roll - old_roll + 180) % 360 - 180
    return bool(
        np.hypot(*(here - there)) > STRAY * max(x1 - x0, y1 - y0)
        or max(side / old_side, old_side / side) > STRAY_ZOOM
        or abs(turned) > STRAY_ROLL_DEG
    )


def _pose(crop: Crop) -> tuple[NDArray[np.float64], float, float]:
    """A square's centre (2,), side, both in frame pixels, and roll in degrees."""
    linear, offset = crop.crop_to_frame[:, :2], crop.crop_to_frame[:, 2]
    scale = float(np.hypot(*linear[:, 0]))
    roll = float(np.degrees(np.arctan2(linear[1, 0], linear[0, 0])))
    return linear @ np.full(2, (crop.size - 1) / 2) + offset, scale * crop.size, roll


def _wider(points: Points, size: int) -> Crop:
    x0, y0, x1, y1 = points_box(points)
    side = WIDER * LANDMARK_MARGIN * max(x1 - x0, y1 - y0)
    return square(((x0 + x1) / 2, (y0 + y1) / 2), side, size, roll_deg(points))


def _found(sight: LandmarkResult, *, is_cut: bool = False, revoked: int = 0) -> TrackedFace:
    return TrackedFace(
        landmarks=sight.landmarks,
        confidence=sight.confidence,
        found=True,
        cut=is_cut,
        revoked=revoked,
    )


def _nobody(*, is_cut: bool) -> TrackedFace:
    return TrackedFace(
        landmarks=np.zeros((LANDMARKS, 2), np.float32),
        confidence=np.zeros(LANDMARKS, np.float32),
        found=False,
        cut=is_cut,
    )
