"""Follow one face from frame to frame: by its last landmarks, or by a new detection when lost."""

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
    iterate_landmarks,
    mean_shift,
)
from animate_cli.faces.detection.viola_jones import Proposer
from animate_cli.faces.landmarks.inference import (
    LandmarkDetector,
    LandmarkResult,
    detect_in_crops,
    roll_deg,
    upright_square,
)
from animate_cli.faces.tracking.appearance import Descriptor, blend, describe, similarity
from animate_cli.faces.tracking.shot_detection import (
    MAYBE_CUT,
    SURE_CUT,
    Thumbnail,
    change,
    thumbnail,
)
from animate_cli.records import LANDMARKS, Crop, Frame, Image, Points

MAX_AHEAD = 8  # frames per batch while the face stays in its square
FOLLOW_SCORE = 0.3  # least score of a face that is followed; a new one needs `LEAST_SCORE`
FARTHEST_STEP = 0.6  # mean shift between two frames, in box sides, at most
JUMP = 0.2  # mean shift from which a change of the picture counts as a cut
# A new square is cut when the face has moved farther than this since the last one was cut:
MAX_SHIFT = 0.06  # of its centre, in box sides
MAX_ZOOM = 1.1
MAX_ROLL_DEG = 7.0
WIDER = 1.6  # side of the square in which a lost face is first searched / usual side
SEARCH_EVERY = 3  # frames between searches of the whole picture while the face is lost
FALLBACK_EVERY = 8  # searches between those that also run the detector's slower rounds
SAME_PERSON = 0.78  # least similarity, see `appearance.py`
SAME_PERSON_IN_PLACE = 0.7  # ... of a face close to the last known place
MAX_DOUBTFUL_FRAMES = 45  # after which a changed appearance is accepted as the same person's
UPDATE_SHARE = 0.05  # share of each frame's descriptor in the reference


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackedFace:
    """The followed face in one frame.

    landmarks (74, 2) in frame pixels and confidence (74,) in [0, 1], both 0 where not `found`;
    cut: a shot starts with this frame; revoked: number of frames before this one that turned out
    to show another person.
    """

    landmarks: Points
    confidence: NDArray[np.float32]
    found: bool
    cut: bool = False
    revoked: int = 0


class FaceFollower:
    """Follows one face. The results do not depend on how many frames are given at a time.

    face: which one, as `detection.detect.choose` reads it; ahead: how many frames the next call of
    `advance` can use.
    """

    def __init__(self, network: LandmarkDetector, proposer: Proposer, face: str) -> None:
        self.ahead = 1
        self._network = network
        self._proposer = proposer
        self._face = face
        self._square: Crop | None = None  # None while lost
        self._last: Points | None = None
        self._reference: Descriptor | None = None
        self._thumbnail: Thumbnail | None = None
        self._lost_frames = 0
        self._doubtful_frames = 0

    def advance(self, waiting: Sequence[Frame]) -> list[TrackedFace]:
        """Results for the first of the waiting frames, at least for one."""
        frames = [frame.pixels for frame in waiting][: self.ahead]
        thumbnails = [thumbnail(frame) for frame in frames]
        previous = [thumbnails[0] if self._thumbnail is None else self._thumbnail, *thumbnails]
        changes = [change(a, b) for a, b in zip(previous, thumbnails, strict=False)]
        if self._square is None or changes[0] >= SURE_CUT:
            seen = [self._search_again(frames[0], is_cut=changes[0] >= SURE_CUT)]
        else:
            end = next((i for i, c in enumerate(changes) if i and c >= MAYBE_CUT), len(frames))
            seen = self._follow(frames[:end], self._square, may_cut=changes[0] >= MAYBE_CUT)
        self._thumbnail = thumbnails[len(seen) - 1]
        return seen

    def _follow(self, frames: Sequence[Image], where: Crop, *, may_cut: bool) -> list[TrackedFace]:
        """Run the network on one square of all frames, until the face leaves it or is lost."""
        seen: list[TrackedFace] = []
        for frame, result in zip(
            frames, detect_in_crops([(f, where) for f in frames], self._network), strict=True
        ):
            step = np.inf if self._last is None else mean_shift(self._last, result.landmarks)
            is_there = is_face(result, frame, FOLLOW_SCORE) and step <= FARTHEST_STEP
            is_cut = may_cut and not seen and not (is_there and step <= JUMP)
            if is_cut or not is_there:
                self.ahead = 1
                return [*seen, self._search_again(frame, is_cut=is_cut)]
            seen.append(self._verify(frame, result))
            if self._last is not None and has_left_square(self._last, where):
                self._square = upright_square(self._last, self._network.size)
                self.ahead = max(self.ahead // 2, 1)
                return seen
        self.ahead = min(2 * self.ahead, MAX_AHEAD)
        return seen

    def _verify(self, frame: Image, result: LandmarkResult) -> TrackedFace:
        """Accept the followed face unless its appearance has changed and another face matches.

        While the appearance differs and no other face matches, the face is followed in doubt.
        """
        descriptor = describe(result)
        likeness = 1.0 if self._reference is None else similarity(descriptor, self._reference)
        if likeness >= SAME_PERSON or self._doubtful_frames >= MAX_DOUBTFUL_FRAMES:
            share = UPDATE_SHARE if likeness >= SAME_PERSON else 1.0
            return self._take(result, descriptor, share)
        if self._doubtful_frames % SEARCH_EVERY == 0:
            others = [(similarity(describe(s), self._reference), s) for s in self._search(frame)]  # type: ignore[arg-type]
            alike, other = max(others, key=lambda o: o[0], default=(0.0, result))
            if alike >= SAME_PERSON and mean_shift(result.landmarks, other.landmarks) > JUMP:
                return self._take(
                    other, describe(other), UPDATE_SHARE, revoked=self._doubtful_frames
                )
        self._doubtful_frames += 1
        self._last = result.landmarks
        return _found(result)

    def _search_again(self, frame: Image, *, is_cut: bool) -> TrackedFace:
        """Search for the face near its last place, and every `SEARCH_EVERY` frames in the whole
        picture."""
        self.ahead = 1
        width = frame.shape[1]
        if is_cut:
            self._last = None  # a place in another shot is no hint
        choice = None if is_cut else self._recognise(self._nearby(frame), width, is_cut=False)
        if choice is None and (is_cut or self._lost_frames % SEARCH_EVERY == 0):
            choice = self._recognise(self._search(frame), width, is_cut=is_cut)
        if choice is None:
            self._square = None
            self._lost_frames += 1
            return _not_found(is_cut=is_cut)
        self._lost_frames = 0
        self._square = upright_square(choice.landmarks, self._network.size)
        share = UPDATE_SHARE if self._reference is not None and not is_cut else 1.0
        return self._take(choice, describe(choice), share, is_cut=is_cut)

    def _nearby(self, frame: Image) -> list[LandmarkResult]:
        """Faces at the last known place, or near it."""
        if self._last is None:
            return []
        crop = upright_square(self._last, self._network.size)
        crops = [crop] if self._lost_frames else [crop, _wider(self._last, self._network.size)]
        results = iterate_landmarks(frame, self._network, crops)
        return [s for s in results if s is not None and is_face(s, frame, LEAST_SCORE)]

    def _search(self, frame: Image) -> list[LandmarkResult]:
        """Faces of the whole picture: with all rounds at the start, later mostly with the first."""
        is_start = self._reference is None and self._lost_frames == 0
        rounds = self._lost_frames // SEARCH_EVERY
        if self._reference is None and self._face != "largest":
            search = Search.ALL  # `choose` compares all faces
        elif is_start or rounds % FALLBACK_EVERY == FALLBACK_EVERY - 1:
            search = Search.FIRST
        else:
            search = Search.QUICK
        return find_landmark_results(frame, self._network, self._proposer, search)

    def _recognise(
        self, faces: Sequence[LandmarkResult], width: int, *, is_cut: bool
    ) -> LandmarkResult | None:
        """The face that matches the reference, if any; without a reference, the one asked for."""
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
            and mean_shift(self._last, best.landmarks) <= FARTHEST_STEP
        )
        return best if alike >= (SAME_PERSON_IN_PLACE if is_in_place else SAME_PERSON) else None

    def _take(
        self,
        result: LandmarkResult,
        descriptor: Descriptor,
        share: float,
        *,
        is_cut: bool = False,
        revoked: int = 0,
    ) -> TrackedFace:
        """Accept a face as the followed one and update the reference by its descriptor."""
        self._last = result.landmarks
        self._doubtful_frames = 0
        known = self._reference
        self._reference = descriptor if known is None else blend(known, descriptor, share)
        return _found(result, is_cut=is_cut, revoked=revoked)


def has_left_square(points: Points, where: Crop) -> bool:
    """Whether a face (74, 2) has moved, grown or rolled so far that it needs a new square."""
    x0, y0, x1, y1 = points_box(points)
    upright = upright_square(points, where.size)
    (here, side, roll), (there, old_side, old_roll) = _pose(upright), _pose(where)
    turned = (roll - old_roll + 180) % 360 - 180
    return bool(
        np.hypot(*(here - there)) > MAX_SHIFT * max(x1 - x0, y1 - y0)
        or max(side / old_side, old_side / side) > MAX_ZOOM
        or abs(turned) > MAX_ROLL_DEG
    )


def _pose(crop: Crop) -> tuple[NDArray[np.float64], float, float]:
    """Centre (2,) and side of a square, in frame pixels, and its roll in degrees."""
    linear, offset = crop.crop_to_frame[:, :2], crop.crop_to_frame[:, 2]
    scale = float(np.hypot(*linear[:, 0]))
    roll = float(np.degrees(np.arctan2(linear[1, 0], linear[0, 0])))
    return linear @ np.full(2, (crop.size - 1) / 2) + offset, scale * crop.size, roll


def _wider(points: Points, size: int) -> Crop:
    x0, y0, x1, y1 = points_box(points)
    side = WIDER * LANDMARK_MARGIN * max(x1 - x0, y1 - y0)
    return square(((x0 + x1) / 2, (y0 + y1) / 2), side, size, roll_deg(points))


def _found(result: LandmarkResult, *, is_cut: bool = False, revoked: int = 0) -> TrackedFace:
    return TrackedFace(
        landmarks=result.landmarks,
        confidence=result.confidence,
        found=True,
        cut=is_cut,
        revoked=revoked,
    )


def _not_found(*, is_cut: bool) -> TrackedFace:
    return TrackedFace(
        landmarks=np.zeros((LANDMARKS, 2), np.float32),
        confidence=np.zeros(LANDMARKS, np.float32),
        found=False,
        cut=is_cut,
    )
