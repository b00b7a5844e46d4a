"""Detect the faces of a still frame: a detector proposes boxes, the landmark network checks them.

The network finds landmarks in the square of a proposal. A new square is cut about these landmarks,
turned upright, and the network is run on it again, until the landmarks no longer move. A proposal
is a face if this iteration converges, with a sufficient confidence and plausible proportions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
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

MAX_PASSES = 4  # of the network over one proposal
CONVERGED = 0.02  # mean shift of the points between two passes, in box sides, at most
# Measured on 442 training pictures: of the labelled faces that converge, the least scores 0.76 and
# 99.5 % score 0.88 or more; the only false square that converges scores 0.42.
LEAST_SCORE = 0.7
REJECT_SCORE = 0.2  # least score in a box given by the user; below it no further pass is made
SAME_FACE = 0.5  # overlap as a share of the smaller box, from which two boxes are one face
LEAST_INSIDE = 0.6  # share of the points that must lie in the frame
BOX_SIZES = (0.8, 1.0, 0.6)  # a user's box may hold the face alone or the whole head


class Search(Enum):
    """How many of the detector's rounds are run.

    QUICK: the first; FIRST: up to the first that finds a face; ALL: all, small faces too.
    """

    QUICK = "quick"
    FIRST = "first"
    ALL = "all"


def make_proposer(detector: Detector) -> Proposer:
    """The detector of that name; AUTO is YuNet if its file is in the cache, else Viola-Jones.

    Raises:
        OptionError: the detector needs a package that is not installed.
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
    """YuNet's verified file: downloaded if YuNet was asked for, else None unless it is cached."""
    if detector is Detector.YUNET:
        return hub.obtain("yunet")
    if detector is Detector.VIOLA_JONES or hub.cached_path("yunet") is None:
        return None
    return hub.verified_path("yunet")


def find_faces(
    frame: Image, network: LandmarkDetector, proposer: Proposer, search: Search = Search.ALL
) -> list[Detection]:
    """All faces of a frame (H, W, 3), from left to right."""
    results = find_landmark_results(frame, network, proposer, search)
    return refined_detections(frame, network, results)


def find_landmark_results(
    frame: Image, network: LandmarkDetector, proposer: Proposer, search: Search
) -> list[LandmarkResult]:
    """All faces of a frame, from left to right, each with the square that the network read."""
    found: list[LandmarkResult] = []
    for proposals in proposer.usual_rounds(frame):
        found += confirm(frame, network, proposals)
        if search is Search.QUICK or (found and search is Search.FIRST):
            break
    if not found and search is not Search.QUICK:
        confirmed = (confirm(frame, network, p) for p in proposer.fallback_rounds(frame))
        found = next(filter(None, confirmed), [])
    return sorted(suppress(found), key=lambda s: float(s.landmarks[:, 0].mean()))


def confirm(
    frame: Image, network: LandmarkDetector, proposals: Iterable[Proposal]
) -> list[LandmarkResult]:
    """Landmarks of those proposals that are faces; the same face may be among them twice."""
    results = iterate_landmarks(frame, network, [_square_of(p, network.size) for p in proposals])
    return [s for s in results if s is not None and is_face(s, frame, LEAST_SCORE)]


def is_face(result: LandmarkResult, frame: Image, least_score: float) -> bool:
    """Whether landmarks have a sufficient score and plausible proportions."""
    height, width = frame.shape[:2]
    return result.score >= least_score and is_plausible(result.landmarks, width, height)


def iterate_landmarks(
    frame: Image, network: LandmarkDetector, crops: Sequence[Crop]
) -> list[LandmarkResult | None]:
    """Run the network again on squares about its own landmarks, until these no longer move.

    None for crops whose landmarks still move after `MAX_PASSES`, or score below `REJECT_SCORE`.
    """
    results = detect_landmarks(frame, crops, network)
    converged: list[LandmarkResult | None] = [None] * len(crops)
    moving = [i for i, s in enumerate(results) if s.score >= REJECT_SCORE]
    for _ in range(MAX_PASSES - 1):
        squares = [upright_square(results[i].landmarks, network.size) for i in moving]
        again = dict(zip(moving, detect_landmarks(frame, squares, network), strict=True))
        moved = {i: mean_shift(results[i].landmarks, s.landmarks) for i, s in again.items()}
        for i, result in again.items():
            results[i] = result
            converged[i] = result if moved[i] <= CONVERGED else None
        moving = [i for i in moving if moved[i] > CONVERGED]
    return converged


def mean_shift(a: Points, b: Points) -> float:
    """Mean distance between two sets of points (74, 2), in sides of the second set's box."""
    x0, y0, x1, y1 = points_box(b)
    side = max(x1 - x0, y1 - y0, 1e-6)
    return float(np.linalg.norm(a - b, axis=1).mean() / side)


def is_plausible(points: Points, width: int, height: int) -> bool:
    """Whether points (74, 2) can be a face in a frame of width x height.

    The triangle of eyes and mouth has human proportions relative to the points' box (at any yaw:
    the eyes may coincide), and most of the points lie in the frame.
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
    return is_human and float(seen.mean()) > LEAST_INSIDE


def detection(result: LandmarkResult) -> Detection:
    """The public record of a detected face."""
    return Detection(
        box=points_box(result.landmarks), landmarks=result.landmarks, confidence=result.confidence
    )


def refined_detections(
    frame: Image, network: LandmarkDetector, results: Sequence[LandmarkResult]
) -> list[Detection]:
    """The public records of detected faces, their eyes and mouths looked at again."""
    if not results:
        return []
    points = network.refine([frame] * len(results), np.stack([r.landmarks for r in results]))
    return [
        detection(replace(result, landmarks=where))
        for where, result in zip(points, results, strict=True)
    ]


def suppress(results: Iterable[LandmarkResult]) -> list[LandmarkResult]:
    """Non-maximum suppression: of results that overlap, the one with the highest score."""
    kept: list[LandmarkResult] = []
    for s in sorted(results, key=lambda s: -s.score):
        box = points_box(s.landmarks)
        if all(_covered(box, points_box(k.landmarks)) < SAME_FACE for k in kept):
            kept.append(s)
    return kept


def face_in_box(
    frame: Image, network: LandmarkDetector, box: tuple[float, float, float, float]
) -> Detection:
    """The face in a box x, y, w, h in pixels, given by the user.

    The user's box is trusted: landmarks need only score `REJECT_SCORE`.

    Raises:
        FaceError: the box lies outside the frame, or the score of its landmarks is too low.
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
    converged = iterate_landmarks(frame, network, crops)
    best = max((s or f for s, f in zip(converged, first, strict=True)), key=lambda s: s.score)
    if best.score < REJECT_SCORE or not np.isfinite(best.landmarks).all():
        raise FaceError(
            f"no face in --face-box {x:g},{y:g},{w:g},{h:g} (confidence {best.score:.2f})",
            hint="draw the box from the brows to the chin, or let --show-faces list the faces",
        )
    return refined_detections(frame, network, [best])[0]


def choose(detections: Sequence[Detection], spec: str, width: int) -> Detection:
    """The face that `largest`, `left`, `right`, `center` or a number from 1 selects.

    detections: from left to right, as `find_faces` gives them; width: of the frame, in pixels.

    Raises:
        FaceError: there is no face, or fewer faces than the number.
        OptionError: `spec` is none of these words, nor a number.
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
    """Intersection of two boxes x0, y0, x1, y1 as a share of the smaller one's area."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / max(smaller, 1e-6)


def _area(d: Detection) -> float:
    return (d.box[2] - d.box[0]) * (d.box[3] - d.box[1])


def _square_of(p: Proposal, size: int) -> Crop:
    return square(p.center, LANDMARK_MARGIN * p.side, size, p.roll_deg)
