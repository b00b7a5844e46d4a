from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from painted import FACE, Painted, PaintedNetwork, PaintedProposer, paint

from animate_cli.errors import FaceError, OptionError, WeightsError
from animate_cli.faces.crop import square
from animate_cli.faces.detection.detect import (
    Search,
    choose,
    confirm,
    face_in_box,
    find_faces,
    is_plausible,
    iterate_landmarks,
    make_proposer,
)
from animate_cli.faces.detection.viola_jones import Proposal, ViolaJones
from animate_cli.options import Detector
from animate_cli.records import Detection, Image, Points

TWO = [Painted(x=360, y=200, radius=80), Painted(x=120, y=150, radius=50, person=1)]


def test_faces_are_found_from_left_to_right_where_they_are(
    network: PaintedNetwork, proposer: PaintedProposer
) -> None:
    found = find_faces(paint(TWO), network, proposer)
    assert len(found) == 2
    for detection, face in zip(found, (TWO[1], TWO[0]), strict=True):
        assert np.abs(detection.landmarks - face.landmarks).max() < 2
        assert detection.score > 0.9


def test_a_face_proposed_many_times_is_found_once(network: PaintedNetwork) -> None:
    class Eager(PaintedProposer):
        def usual_rounds(self, frame: Image):
            for shift in (-6, 0, 6):
                yield [Proposal(center=(360 + shift, 208), side=95 + shift)]

    assert len(find_faces(paint(TWO[:1]), network, Eager())) == 1


def test_boxes_without_a_face_are_rejected(network: PaintedNetwork) -> None:
    empty = [Proposal(center=(x, 100.0), side=60.0) for x in (80.0, 200.0, 400.0)]
    assert confirm(paint([]), network, empty) == []


def test_a_square_whose_points_do_not_converge_is_rejected() -> None:
    class Restless:
        size = 128

        def __init__(self) -> None:
            self.k = 0

        def __call__(self, squares: Image) -> tuple[Points, np.ndarray]:
            self.k += 1
            points = 64 + 40 * FACE + (6 if self.k % 2 else -6)
            return np.repeat(points[None], len(squares), 0), np.ones((len(squares), 74), np.float32)

        def refine(self, frames: Sequence[Image], points: Points) -> Points:
            return points

    assert iterate_landmarks(paint([]), Restless(), [square((200, 200), 100, 128)]) == [None]


def test_fallback_rounds_run_only_when_no_face_was_found(network: PaintedNetwork) -> None:
    class Counting(PaintedProposer):
        desperate_rounds = 0

        def fallback_rounds(self, frame: Image):
            self.desperate_rounds += 1
            yield []

    for faces, search, expected in (
        (TWO, Search.ALL, 0),
        ([], Search.ALL, 1),
        ([], Search.FIRST, 1),
        ([], Search.QUICK, 0),
    ):
        counting = Counting()
        find_faces(paint(faces), network, counting, search)
        assert counting.desperate_rounds == expected


def test_search_first_stops_at_a_face_and_all_does_not(
    network: PaintedNetwork,
) -> None:
    class Rounds(PaintedProposer):
        def usual_rounds(self, frame: Image):
            yield [Proposal(center=(360, 208), side=99)]
            yield [Proposal(center=(120, 155), side=62)]

    frame = paint(TWO)
    assert len(find_faces(frame, network, Rounds(), Search.ALL)) == 2
    assert len(find_faces(frame, network, Rounds(), Search.FIRST)) == 1


@pytest.mark.parametrize(
    ("distort", "expected"),
    [
        (lambda p: p, True),
        (lambda p: p * (0.3, 1) + (100, 0), True),  # profile
        (lambda p: p * (1, 0.02) + (0, 100), False),  # no height
        (lambda p: p * 0.02 + 100, False),  # a speck
        (lambda p: p + 900, False),  # outside the frame
        (lambda p: np.where(np.arange(74)[:, None] < 17, p, (200.0, 150.0)), False),  # collapsed
        (lambda p: p * np.nan, False),
    ],
)
def test_implausible_proportions_are_rejected(distort, expected: bool) -> None:
    points = distort(TWO[0].landmarks).astype(np.float32)
    assert is_plausible(points, 512, 384) is expected


@pytest.mark.parametrize("grow", [0.7, 1.0, 1.5])
def test_the_face_in_a_box_is_found_by_loose_and_tight_boxes(
    network: PaintedNetwork, grow: float
) -> None:
    face = TWO[0]
    half = face.radius * grow
    box = (face.x - half, face.y - half, 2 * half, 2 * half)
    found = face_in_box(paint(TWO), network, box)
    assert np.abs(found.landmarks - face.landmarks).max() < 2


@pytest.mark.parametrize("box", [(5, 5, 60, 60), (600, 10, 50, 50), (10, 10, 0, 50)])
def test_a_box_without_a_face_is_an_error(
    network: PaintedNetwork, box: tuple[float, float, float, float]
) -> None:
    with pytest.raises(FaceError, match="--face-box"):
        face_in_box(paint(TWO), network, box)


def _detection(x: float, side: float) -> Detection:
    return Detection(
        box=(x, 50.0, x + side, 50.0 + side),
        landmarks=np.zeros((74, 2), np.float32),
        confidence=np.ones(74, np.float32),
    )


@pytest.mark.parametrize(
    ("spec", "index"),
    [("left", 0), ("center", 1), ("right", 2), ("largest", 2), ("1", 0), ("2", 1), ("3", 2)],
)
def test_choosing_among_faces(spec: str, index: int) -> None:
    faces = [_detection(10, 30), _detection(240, 20), _detection(400, 90)]
    assert choose(faces, spec, 512) is faces[index]


def test_choosing_a_face_that_does_not_exist_is_an_error() -> None:
    faces = [_detection(10, 30), _detection(200, 30)]
    with pytest.raises(FaceError, match="only 2"):
        choose(faces, "3", 512)
    with pytest.raises(FaceError, match="no face"):
        choose([], "largest", 512)
    for spec in ("0", "-1", "biggest", "1.5", "²"):
        with pytest.raises(OptionError, match="--face"):
            choose(faces, spec, 512)


def test_the_detector_is_made_by_name() -> None:
    assert isinstance(make_proposer(Detector.VIOLA_JONES), ViolaJones)


def test_a_missing_package_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dlib", None)
    with pytest.raises(OptionError, match="dlib") as caught:
        make_proposer(Detector.DLIB)
    assert "pip install" in caught.value.hint


def test_yunet_without_its_file_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ANIMATE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="'yunet' are not on this machine"):
        make_proposer(Detector.YUNET)
    assert isinstance(make_proposer(Detector.AUTO), ViolaJones)
