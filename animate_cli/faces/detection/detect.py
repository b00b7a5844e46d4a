"""Faces of a still frame: proposals confirmed or refused by the landmark network.

A proposal is looked at, its square cut again about the points that were seen, turned upright, and
looked at again, until it settles. A real face is a stable fixed point of that loop, seen with
confidence and shaped like a face; a false box is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path

import numpy as np

from animate_cli import hub
from animate_cli.errors import FaceError, OptionError
from animate_cli.faces.crop import LANDMARK_MARGIN, points_box, square
from animate_cli.faces.detection.viola_jones import Box, Proposal, Proposer, ViolaJones
from animate_cli.faces.landmarks.inference import (
    LandmarkDetector,
    LandmarkResult,
    detect_landmarks,
    eyes_and_mouth,
    upright_square,
)
from animate_cli.options import Detector
from animate_cli.records import Crop, Detection, Image, Points

LOOKS = 4  # most looks at one proposal
SETTLED = 0.02  # mean shift of the points between two looks, in box sides: a fixed point
# Measured on 442 training pictures: of the labelled faces that stand still, the least scores 0.76,
# 995 of 1,000 score 0.88 and more; the one false square that stands still scores 0.42.
LEAST_SCORE = 0.7
HOPELESS_SCORE = 0.2  # a box given by the user is believed down to here
SAME_FACE = 0.5  # overlap in shares of the smaller box: a mouth is no second face
LEAST_SEEN = 0.6  # share of the points that must lie in the frame
BOX_SIZES = (0.8, 1.0, 0.6)  # a user's box may hold the face alone or the whole head


class Search(Enum):
    """QUICK: one round; FIRST: up to the first round that shows a face; ALL: small ones too."""

    QUICK = "quick"
    FIRST = "first"
    ALL = "all"


def make_proposer(detector: Detector) -> Proposer:
    """The detector by name; AUTO is YuNet where its file is in the cache, else Viola-Jones.

    Raises:
        OptionError: it needs a package that is not there.
        WeightsError: YuNet was asked for, and its file can neither be found nor fetched.
    """
    if detector is Detector.DLIB:
        from animate_cli.faces.detection.dlib_hog import DlibHog  # an extra

        return DlibHog()
    path = _yunet_file(detector)
    if path is None:
        return ViolaJones()
    from animate_cli.faces.detection.yunet import YuNet

    return YuNet(path)


def _yunet_file(detector: Detector) -> Path | None:
    """YuNet's checked file: fetched if it was asked for, else only if it is on this machine."""
    if detector is Detector.YUNET:
        return hub.obtain("yunet")
    if detector is Detector.VIOLA_JONES or hub.cached_path("yunet") is None:
        return None
    return hub.verified_path("yunet")


def find_faces(
    frame: Image, network: LandmarkDetector, proposer: Proposer, search: Search = Search.ALL
) -> list[Detection]:
    """All faces of a frame (H, W, 3), from left to right."""
    return [detection(s) for s in find_landmark_results(frame, network, proposer, search)]


def find_landmark_results(
    frame: Image, network: LandmarkDetector, proposer: Proposer, search: Search
) -> list[LandmarkResult]:
    """As `find_faces`, with what the network was shown."""
    found: list[LandmarkResult] = []
    for proposals in proposer.usual(frame):
        found += confirm(frame, network, proposals)
        if search is Search.QUICK or (found and search is Search.FIRST):
            break
    if not found and search is not Search.QUICK:
        confirmed = (confirm(frame, network, p) for p in proposer.desperate(frame))
        found = next(filter(None, confirmed), [])
    return sorted(suppress(found), key=lambda s: float(s.landmarks[:, 0].mean()))


def confirm(
    frame: Image, network: LandmarkDetector, proposals: Iterable[Proposal]
) -> list[LandmarkResult]:
    """Those of the proposals that are faces; may hold the same face more than once."""
    sights = settle(frame, network, [_square_of(p, network.size) for p in proposals])
    return [s for s in sights if s is not None and is_face(s, frame, LEAST_SCORE)]


def is_face(sight: LandmarkResult, frame: Image, least_score: float) -> bool:
    """Whether what was seen is sure enough and shaped like a face."""
    height, width = frame.shape[:2]
    return sight.score >= least_score and is_plausible(sight.landmarks, width, height)


def settle(
    frame: Image, network: LandmarkDetector, crops: Sequence[Crop]
) -> list[LandmarkResult | None]:
    """Look again and again until the points stand still; None where they never do."""
    sights = detect_landmarks(frame, crops, network)
    settled: list[LandmarkResult | None] = [None] * len(crops)
    restless = [i for i, s in enumerate(sights) if s.score >= HOPELESS_SCORE]
    for _ in range(LOOKS - 1):
        squares = [upright_square(sights[i].landmarks, network.size) for i in restless]
        again = dict(zip(restless, detect_landmarks(frame, squares, network), strict=True))
        moved = {i: shift(sights[i].landmarks, s.landmarks) for i, s in again.items()}
        for i, sight in again.items():
            sights[i] = sight
            settled[i] = sight if moved[i] <= SETTLED else None
        restless = [i for i in restless if moved[i] > SETTLED]
    return settled


def shift(a: Points, b: Points) -> float:
    """Mean distance of two sets of points (74, 2), in sides of the second one's box."""
    x0, y0, x1, y1 = points_box(b)
    side = max(x1 - x0, y1 - y0, 1e-6)
    return float(np.linalg.norm(a - b, axis=1).mean() / side)


def is_plausible(points: Points, width: int, height: int) -> bool:
    """Whether points (74, 2) can be a face of a frame of width x height.

    Eyes and mouth form a triangle of human proportions (any yaw: the eyes may coincide), its size
    fits the size of the whole, and most of the face lies in the frame.
    """
    x0, y0, x1, y1 = points_box(points)
    side = max(x1 - x0, y1 - y0)
    if not np.isfinite(points).all() or side < 8:
        return False
    right, left, mouth = eyes_and_mouth(points)
    down = float(np.linalg.norm(mouth - (right + left) / 2)) / side
    across = float(np.linalg.norm(left - right)) / side
    seen = (points >= 0).all(axis=1) & (points <= (width - 1, height - 1)).all(axis=1)
    is_human = 0.22 < down < 0.75 and across < 0.7 and down + across > 0.5
    return is_human and float(seen.mean()) > LEAST_SEEN


def detection(sight: LandmarkResult) -> Detection:
    """What was seen, as a record."""
    return Detection(
        box=points_box(sight.landmarks), landmarks=sight.landmarks, confidence=sight.confidence
    )


def suppress(sights: Iterable[LandmarkResult]) -> list[LandmarkResult]:
    """One sight per face: the surest of each group that overlaps."""
    kept: list[LandmarkResult] = []
    for s in sorted(sights, key=lambda s: -s.score):
        box = points_box(s.landmarks)
        if all(_covered(box, points_box(k.landmarks)) < SAME_FACE for k in kept):
            kept.append(s)
    return kept


def face_in_box(
    frame: Image, network: LandmarkDetector, box: tuple[float, float, float, float]
) -> Detection:
    """The face in a box x, y, w, h given by the user: believed unless it is hopeless.

    Raises:
        FaceError: the box lies outside the frame, or holds nothing like a face.
    """
    x, y, w, h = box
    height, width = frame.shape[:2]
    if w < 2 or h < 2 or x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise FaceError(
            f"--face-box {x:g},{y:g},{w:g},{h:g} does not lie in the {width}x{height} picture",
            hint="give x,y,w,h in pixels: the upper left corner, then width and height",
        )
    center = (x + (w - 1) / 2, y + (h - 1) / 2)
    sides = [share * max(w, h) for share in BOX_SIZES]
    crops = [_square_of(Proposal(center=center, side=s), network.size) for s in sides]
    first = detect_landmarks(frame, crops, network)
    settled = settle(frame, network, crops)
    best = max((s or f for s, f in zip(settled, first, strict=True)), key=lambda s: s.score)
    if best.score < HOPELESS_SCORE or not np.isfinite(best.landmarks).all():
        raise FaceError(
            f"no face in --face-box {x:g},{y:g},{w:g},{h:g} (confidence {best.score:.2f})",
            hint="draw the box from the brows to the chin, or let --show-faces list the faces",
        )
    return detection(best)


def choose(detections: Sequence[Detection], spec: str, width: int) -> Detection:
    """The face meant by `largest`, `left`, `right`, `center` or a number from 1.

    detections: from left to right, as `find_faces` gives them; width: of the frame.

    Raises:
        FaceError: there is none, or fewer than the number asked for.
        OptionError: the wish is none of these words.
    """
    if not detections:
        raise FaceError("no face was found", hint="point to it with --face-box x,y,w,h")
    rules = {
        "largest": lambda d: -_area(d),
        "left": lambda d: d.box[0] + d.box[2],
        "right": lambda d: -(d.box[0] + d.box[2]),
        "center": lambda d: abs(d.box[0] + d.box[2] - width),
    }
    if spec in rules:
        return min(detections, key=rules[spec])
    if not spec.isdecimal() or int(spec) < 1:
        raise OptionError(
            f"--face {spec!r} is none of {', '.join(rules)}, or a number from 1",
            hint="see the numbers with --show-faces",
        )
    if int(spec) > len(detections):
        count = len(detections)
        raise FaceError(
            f"face {spec} was asked for, but there {'is' if count == 1 else 'are'} only {count}",
            hint="faces are numbered from left to right; see them with --show-faces",
        )
    return detections[int(spec) - 1]


def _covered(a: Box, b: Box) -> float:
    """Share of the smaller box that lies in the other one."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / max(smaller, 1e-6)


def _area(d: Detection) -> float:
    return (d.box[2] - d.box[0]) * (d.box[3] - d.box[1])


def _square_of(p: Proposal, size: int) -> Crop:
    return square(p.center, LANDMARK_MARGIN * p.side, size, p.roll_deg)
