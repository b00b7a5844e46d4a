"""Evaluations driven by labels, and by an expression alone."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from toy_world import ToyWorld, canonical_points, toy_frame

from animate_cli.errors import FaceError
from animate_cli.evaluate.clips.candidate import STILL, read_candidates
from animate_cli.evaluate.clips.clip_pairs import clip_pairs, read_clips
from animate_cli.evaluate.metrics.networks.evaluators import load_evaluators
from animate_cli.evaluate.protocol import VERSION, Protocol, Scheme, apply_scheme
from animate_cli.evaluate.result import Result
from animate_cli.evaluate.runner.evaluate import evaluate
from animate_cli.evaluate.runner.observer import EvaluationObserver, ScoredFrame
from animate_cli.options import ComputeOptions


class Watcher(EvaluationObserver):
    def __init__(self) -> None:
        self.moved: list[float] = []

    def on_frame(self, frame: ScoredFrame) -> None:
        """How far the thin plate's output is from the still source."""
        still, moved = (one.pixels.astype(int) for one in frame.outputs)
        self.moved.append(float(np.abs(still - moved).mean()))


def score(root: Path, scheme: Scheme, watcher: EvaluationObserver | None = None) -> Result:
    protocol = apply_scheme(scheme, Protocol(stride=2, pairs=2))
    return evaluate(
        read_candidates([]),
        clip_pairs(read_clips(root, "val"), protocol),
        load_evaluators(None, device="cpu"),
        protocol=protocol,
        data=root,
        split="val",
        compute=ComputeOptions(device="cpu", threads=1),
        observer=watcher or EvaluationObserver(),
    )


def labels_of(count: int, reach: float) -> np.ndarray:
    """Where a toy driver's points would be if its disc swung by `reach` pixels: (T, 74, 2)."""
    x = 64 + reach * np.sin(np.arange(count) / 2)
    middles = np.stack((x, np.full(count, 48.0)), axis=1)
    points: np.ndarray = canonical_points() * 19.2 + middles[:, None]
    return points.astype(np.float32)


def test_labels_drive_and_are_the_expected_points(toy: ToyWorld) -> None:
    """The labels swing against the disc of the video, and the output follows the labels."""
    clip = toy.driver("a.mp4", frames=9)
    np.savez(clip.with_suffix(".npz"), landmarks=labels_of(9, -4))
    result = score(toy.folder, Scheme.LANDMARK_DRIVEN)
    driven, still = (result.mean(name, "akd_to_labels") for name in ("thin_plate", STILL))
    assert driven < still / 3
    assert result.mean("thin_plate", "l1") > result.mean(STILL, "l1")
    assert "akd" not in [metric.name for metric in result.metrics]
    record = json.loads(result.to_json())["protocol"]
    assert (record["driven_by"], record["reenactment"], record["version"]) == (
        "labels",
        "self",
        VERSION,
    )


def test_frames_without_a_label_are_lost_and_short_labels_end_the_clip(toy: ToyWorld) -> None:
    clip = toy.driver("a.mp4", frames=9)
    found = np.ones(7, np.bool_)
    found[2:4] = False
    np.savez(clip.with_suffix(".npz"), landmarks=labels_of(7, 4), found=found)
    result = score(toy.folder, Scheme.LANDMARK_DRIVEN)
    assert (result.frames, result.scored, result.lost) == (7, 2, 1)


def test_clips_without_labels_are_refused(toy: ToyWorld) -> None:
    toy.driver("a.mp4", frames=5)
    with pytest.raises(FaceError, match="no landmarks beside it"):
        score(toy.folder, Scheme.LANDMARK_DRIVEN)
    late = toy.driver("b.mp4", frames=5)
    np.savez(late.with_suffix(".npz"), landmarks=labels_of(5, 4), found=np.arange(5) > 0)
    with pytest.raises(FaceError, match="none of the 2 clips"):
        score(toy.folder, Scheme.LANDMARK_DRIVEN)


def test_an_expression_leaves_the_head_where_it_is(toy: ToyWorld) -> None:
    """The toy's face has a pose that swings and no expression."""
    toy.driver("a.mp4", frames=7)
    toy.driver("b.mp4", frames=7)
    alone, whole = Watcher(), Watcher()
    result = score(toy.folder, Scheme.EXPRESSION_DRIVEN, alone)
    score(toy.folder, Scheme.CROSS, whole)
    assert max(alone.moved) < 0.2 * max(whole.moved)
    names = {metric.name for metric in result.metrics}
    assert {"pose_moved_shape", "pose_moved_head_pose", "expression_error", "lids_corr"} <= names
    assert not names & {"l1", "psnr", "gaze_error", "pose_error_shape"}
    assert result.mean("thin_plate", "pose_moved_shape") < 1
    record = json.loads(result.to_json())
    assert record["protocol"]["only"] == "expression"
    motion = record["models"]["thin_plate"]["motion"]
    assert (motion["only"], motion["motion"], motion["identity"]) == ("expression", "relative", 0)


def test_the_annotations_of_300vw_drive_its_videos(toy: ToyWorld) -> None:
    """It has 68 points; eyelid and pupil points are estimated."""
    (toy.folder / "001" / "annot").mkdir(parents=True)
    toy.driver("001/vid.avi", frames=5)
    for number, points in enumerate(labels_of(5, -4), start=1):
        lines = "\n".join(f"{x + 1} {y + 1}" for x, y in points[:68])
        path = toy.folder / "001" / "annot" / f"{number:06d}.pts"
        path.write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")
    result = score(toy.folder, Scheme.LANDMARK_DRIVEN)
    assert (result.pairs, result.scored) == (("vid",), 2)
    driven, still = (result.mean(name, "akd_to_labels") for name in ("thin_plate", STILL))
    assert driven < still / 3


def test_a_folder_of_frames_drives_as_its_video_does(toy: ToyWorld) -> None:
    (toy.folder / "frames").mkdir()
    for k in range(5):
        pixels = toy_frame(128, 96, shift=4 * np.sin(k / 2))
        cv2.imwrite(str(toy.folder / "frames" / f"{k:03d}.png"), pixels[..., ::-1])
    result = score(toy.folder, Scheme.SELF)
    assert (result.pairs, result.frames, result.scored) == (("frames",), 5, 2)
    assert result.mean("thin_plate", "akd") < result.mean(STILL, "akd") / 3
