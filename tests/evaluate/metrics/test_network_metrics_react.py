"""Metrics on external networks react to the damage that they measure, on a real clip."""

from __future__ import annotations

from itertools import islice

import cv2
import numpy as np
import pytest
from places import SHARED

from animate_cli.data.manifest import read_manifest
from animate_cli.evaluate.metrics.catalog import metric_catalog
from animate_cli.evaluate.metrics.images.region_l1 import FaceRegion, region_mask
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.evaluate.runner.clip_scorer import ClipScorer, RenderedOutputs
from animate_cli.faces.crop import face_square
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions

pytestmark = pytest.mark.slow
DATA = SHARED / "data"
EVERY, COUNT = 8, 4
WAYS = ("same", "blurred", "jittered", "swapped", "mute", "still", "blinking")


@pytest.fixture(scope="module")
def people() -> list[tuple[list[np.ndarray], np.ndarray]]:
    """Frames and landmarks of two people."""
    pytest.importorskip("onnxruntime")
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    clips = {
        e.identity: e.path for e in read_manifest(DATA) if (e.kind, e.split) == ("clip", "train")
    }
    found = []
    for path in list(clips.values())[:2]:
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as held:
            points = held["landmarks"][:, MEDIAPIPE].astype(np.float32)
        with open_driver(path, ReadOptions()) as reader:
            found.append(([f.pixels for f in islice(reader, EVERY * COUNT)], points))
    return found


def outputs(people, index: int) -> tuple[np.ndarray, ...]:
    (frames, points), (others, other_points) = people
    frame = frames[index]
    height, width = frame.shape[:2]
    fitted = cv2.estimateAffinePartial2D(other_points[index], points[index])[0]
    back = cv2.getAffineTransform(points[0][[48, 54, 33]], points[index][[48, 54, 33]])
    mouth = cv2.warpAffine(frames[0], back, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mask = region_mask(points[index], FaceRegion.MOUTH, height, width)
    border = cv2.BORDER_REPLICATE
    made = {
        "same": frame,
        "blurred": cv2.GaussianBlur(frame, (0, 0), 3),
        "jittered": np.roll(frame, 2 * (-1) ** index, axis=0),
        "swapped": cv2.warpAffine(others[index], fitted, (width, height), borderMode=border),
        "mute": np.where(mask[..., None], mouth, frame),
        "still": frames[0],
        "blinking": np.clip(frame.astype(int) + 12 * (index % 2), 0, 255).astype(np.uint8),
    }
    return tuple(made[way] for way in WAYS)


@pytest.fixture(scope="module", params=list(Reenactment))
def found(people, request) -> dict[str, dict[str, float]]:
    """Score by kind of damage and metric."""
    frames, points = people[0]
    evaluators = load_evaluators(DATA / "teachers", device="cpu")
    metrics = metric_catalog(Protocol(reenactment=request.param), evaluators)
    scorer = ClipScorer(
        evaluators,
        metrics,
        request.param,
        source=frames[0],
        landmarks=points[0],
        crop=face_square(points[0], frames[0].shape[1], frames[0].shape[0]),
        candidates=len(WAYS),
    )
    scorer.measure_anchor(frames[0], points[0])
    for index in range(EVERY, EVERY * COUNT, EVERY):
        *preceding, frame = [
            RenderedOutputs(driver=frames[k], outputs=outputs(people, k))
            for k in (index - 2, index - 1, index)
        ]
        scorer.score_frame(frame, points[index], preceding)
    return {
        way: {m.name: float(v) for m, v in zip(metrics, row, strict=True)}
        for way, row in zip(WAYS, scorer.scores(), strict=True)
    }


def test_the_driver_itself_is_perfect(found) -> None:
    """In cross-reenactment up to the difference of a square that is detected anew."""
    same = found["same"]
    is_self = "l1" in same
    most = {"expression_error": 0.01, "gaze_error": 1.5, "pose_error_head_pose": 0.5}
    for name, slack in most.items():
        assert same[name] == pytest.approx(0, abs=1e-4 if is_self else slack), name
    for name in ("aed", "lpips"):
        assert same.get(name, 0) == pytest.approx(0, abs=1e-4), name
    assert same.get("parts", 1) == 1


def test_identity_reacts_to_another_person(found) -> None:
    assert found["swapped"]["identity"] < 0.4 < found["same"]["identity"]
    if "aed" in found["swapped"]:
        assert found["swapped"]["aed"] > 1 > found["blurred"]["aed"]


def test_expression_reacts_to_a_mute_mouth_and_gaze_does_not(found) -> None:
    assert found["mute"]["expression_error"] > 0.01
    assert found["mute"]["gaze_error"] < 1
    assert found["mute"].get("parts", 0) < 1


def test_a_still_output_has_wrong_gaze_and_pose(found) -> None:
    for name in ("gaze_error", "pose_error_head_pose", "expression_error"):
        assert found["still"][name] > 2 * found["jittered"][name], name


def test_flow_error_reacts_to_jitter_and_to_changing_brightness(found) -> None:
    name = "flow_error" if "flow_error" in found["same"] else "flow_error_own"
    best = found["same"][name]
    assert found["blinking"][name] > best + 0.5 * (12 / 255) ** 2
    if name == "flow_error":
        assert found["jittered"][name] > 2 * best


def test_parsing_reacts_to_displacement(found) -> None:
    if "parts" in found["same"]:
        ranked = [found[way]["parts"] for way in ("same", "jittered", "swapped")]
        assert ranked == sorted(ranked, reverse=True)
