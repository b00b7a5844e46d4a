"""Every metric reacts to the damage that it measures, on real frames with the real detector."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from places import EXAMPLES

from animate_cli.evaluate.metrics.catalog import metric_catalog
from animate_cli.evaluate.metrics.images.region_l1 import FaceRegion, region_mask
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import Protocol, Reenactment
from animate_cli.evaluate.runner.clip_scorer import ClipScorer, RenderedOutputs
from animate_cli.faces.crop import face_square
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions

EVERY, COUNT = 9, 12
PICTURES = ("l1", "psnr", "ssim", "ms_ssim", "face_l1", "mouth_l1", "eyes_l1")


def blurred(frame, *_):
    return cv2.GaussianBlur(frame, (0, 0), 3)


def shifted(frame, *_):
    return np.roll(frame, 6, axis=1)


def jittered(frame, _, __, index):
    return np.roll(frame, (-1) ** index, axis=0)


def blinking(frame, _, __, index):
    return np.clip(frame.astype(int) + 12 * (index % 2), 0, 255).astype(np.uint8)


def still(_, __, first, ___):
    return first[0]


def mute(frame, landmarks, first, _):
    """The frame with the mouth of the first frame."""
    here, there = landmarks[[48, 54, 33]], first[1][[48, 54, 33]]
    back = cv2.getAffineTransform(there.astype(np.float32), here.astype(np.float32))
    height, width = frame.shape[:2]
    mouth = cv2.warpAffine(first[0], back, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mask = region_mask(landmarks, FaceRegion.MOUTH, height, width)
    return np.where(mask[..., None], mouth, frame)


WAYS = {
    "same": lambda frame, *_: frame,
    **{way.__name__: way for way in (blurred, shifted, mute, jittered, blinking, still)},
}


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    """Score by kind of damage and metric."""
    with np.load(EXAMPLES / "driver_truth.npz", allow_pickle=False) as truth:
        landmarks = truth["landmarks"].astype(np.float32)
    with open_driver(EXAMPLES / "driver.mp4", ReadOptions()) as reader:
        frames = [frame.pixels for frame, _ in zip(reader, range(EVERY * COUNT), strict=False)]
    evaluators = load_evaluators(None, device="cpu")
    metrics = metric_catalog(Protocol(), evaluators)
    scorer = ClipScorer(
        evaluators,
        metrics,
        Reenactment.SELF,
        source=frames[0],
        landmarks=landmarks[0],
        crop=face_square(landmarks[0], frames[0].shape[1], frames[0].shape[0]),
        candidates=len(WAYS),
    )
    first = frames[0], landmarks[0]

    def rendered(index: int) -> RenderedOutputs:
        given = frames[index], landmarks[index], first, index
        return RenderedOutputs(
            driver=frames[index], outputs=tuple(way(*given) for way in WAYS.values())
        )

    for index in range(EVERY, EVERY * COUNT, EVERY):
        preceding = [rendered(index - 2), rendered(index - 1)]
        scorer.score_frame(rendered(index), landmarks[index], preceding)
    return {
        way: {m.name: float(v) for m, v in zip(metrics, row, strict=True)}
        for way, row in zip(WAYS, scorer.scores(), strict=True)
    }


def test_the_driver_itself_is_perfect(found) -> None:
    same = found["same"]
    wanted = {"l1": 0, "psnr": 100, "ssim": 1, "ms_ssim": 1, "akd": 0, "lips_corr": 1}
    wanted |= {"auc": 1, "failures": 0, "flicker": 0, "pose_error_shape": 0}
    for name, value in wanted.items():
        assert same[name] == pytest.approx(value, abs=1e-5), name


@pytest.mark.parametrize("way", ["blurred", "shifted"])
@pytest.mark.parametrize("name", PICTURES)
def test_blur_and_shift_worsen_image_metrics(found, way: str, name: str) -> None:
    worse = found["same"][name] - found[way][name]
    assert (worse > 0.005) if name in ("psnr", "ssim", "ms_ssim") else (worse < -0.005)


def test_keypoint_distance_reacts_to_a_shift_and_hardly_to_blur(found) -> None:
    assert found["shifted"]["akd"] == pytest.approx(6 * 256 / 512, rel=0.2)
    assert found["blurred"]["akd"] < found["shifted"]["akd"] / 2


def test_a_mute_mouth_changes_the_mouths_metrics_alone(found) -> None:
    same, mute_ = found["same"], found["mute"]
    assert mute_["lips_corr"] < 0.7 < same["lips_corr"]
    assert mute_["lids_corr"] > 0.9
    assert mute_["mouth_l1"] > 0.01
    assert mute_["eyes_l1"] == 0


def test_sms_and_flicker_react_to_jitter(found) -> None:
    assert found["jittered"]["sms"] > found["same"]["sms"] + 0.5  # 2 px up and down, of 512
    assert found["jittered"]["flicker"] > 0.005
    assert found["shifted"]["sms"] == pytest.approx(found["same"]["sms"], abs=0.2)


def test_flicker_alone_reacts_to_changing_brightness(found) -> None:
    assert found["blinking"]["flicker"] == pytest.approx(12 / 255, rel=0.3)
    assert found["blinking"]["flicker"] > 3 * found["shifted"]["flicker"]
    assert found["blinking"]["sms"] < found["same"]["sms"] + 0.2


def test_a_still_output_has_no_jitter_and_a_wrong_pose(found) -> None:
    still_, same = found["still"], found["same"]
    assert still_["sms"] == 0 < same["sms"]
    assert max(still_["lips_corr"], still_["lids_corr"]) < 0.7
    assert still_["pose_error_shape"] > 1
    assert still_["auc"] < 0.9 < same["auc"]
    assert still_["seam"] == 0


def test_the_seam_reacts_where_the_whole_frame_moves(found) -> None:
    assert found["shifted"]["seam"] > found["blurred"]["seam"] > 0
