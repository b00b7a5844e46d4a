"""Stills in other poses: where pixels go, landmarks go; what is not the head stays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from animate_cli.faces.points import JAW, OUTER_EYE_CORNERS
from animate_cli.faces.shape3d.model import HeadPose, load_shape_model, rotation
from animate_cli.faces.shape3d.model import project as project_heads
from animate_cli.records import Image
from animate_cli.train.samples.reposed_portraits import (
    PortraitPose,
    SegmentedPortrait,
    read_reposed,
    repose,
    segment_portrait,
)
from animate_cli.train.samples.samples import TrainingClip

SIZE = 256
STILL = PortraitPose(turn_deg=np.zeros(3), scale=1.0, shift=np.zeros(2), body=0.0)


def points() -> np.ndarray:
    """A frontal head of the shape model, (74, 2) px."""
    model = load_shape_model()
    pose = HeadPose(
        rotation=rotation(torch.zeros(1, 3)),
        scale=torch.tensor([70.0]),
        shift=torch.tensor([[128.0, 110.0]]),
    )
    none = torch.zeros(1, model.config.expression)
    seen = project_heads(
        model, pose, torch.zeros(model.config.identity), none, torch.zeros(1, 2, 2)
    )
    return seen[0].numpy().astype(np.float32)


def portrait(where: np.ndarray) -> Image:
    """Smooth background, a white dot at every eye corner and at the nose's tip."""
    y, x = np.mgrid[:SIZE, :SIZE]
    pixels = np.dstack((x, y, (x + y) / 2)).astype(np.float32) / SIZE * 120
    for index in (*OUTER_EYE_CORNERS, 30):
        cv2.circle(pixels, tuple(int(v) for v in where[index].round()), 4, (255, 255, 255), -1)
    return cv2.GaussianBlur(pixels, (0, 0), 1).astype(np.uint8)


def parts(frame: Image) -> np.ndarray:
    """A head about the face, a body below it."""
    labels = np.zeros(frame.shape[:2], np.uint8)
    low, high = points().min(axis=0), points().max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    labels[int(high[1]) :, int(low[0]) : int(high[0])] = 16
    axes = (int(1.2 * half[0]), int(1.4 * half[1]))
    cv2.ellipse(labels, tuple(int(v) for v in middle), axes, 0, 0, 360, 1, -1)
    return labels


@pytest.fixture(scope="module")
def still() -> SegmentedPortrait:
    where = points()
    return segment_portrait(portrait(where), where, parts, load_shape_model())


def test_at_rest_it_is_the_picture(still: SegmentedPortrait) -> None:
    pixels, where = repose(still, STILL)
    assert np.allclose(where, still.points, atol=1e-3)
    off = np.abs(pixels.astype(int) - still.pixels.astype(int))
    assert off.mean() < 1
    assert np.quantile(off, 0.99) < 12  # along the layers' soft edges


@pytest.mark.parametrize("turn", [(12, 0, 0), (0, 8, 0), (0, 0, 10), (-9, -5, 4)])
def test_dots_go_where_their_landmarks_go(
    still: SegmentedPortrait, turn: tuple[float, ...]
) -> None:
    pose = replace(STILL, turn_deg=np.array(turn, float), shift=np.array((0.03, -0.02)), scale=1.04)
    pixels, where = repose(still, pose)
    for index in (*OUTER_EYE_CORNERS, 30):
        x, y = where[index].round().astype(int)
        patch = pixels[y - 9 : y + 10, x - 9 : x + 10].min(axis=-1).astype(float) - 130
        rows, columns = np.nonzero(patch > 0)
        assert abs(columns.mean() - 9) < 1.5
        assert abs(rows.mean() - 9) < 1.5


def test_a_turned_head_is_a_turned_body_in_space(still: SegmentedPortrait) -> None:
    """The nose, nearest to the viewer, moves most; the jaw's ends, behind the eyes, least."""
    moved = repose(still, replace(STILL, turn_deg=np.array((12.0, 0.0, 0.0))))[1] - still.points
    nose, temples = moved[30, 0], moved[[JAW[0], JAW[-1]], 0].mean()
    assert abs(nose) > abs(temples) + 4
    assert np.sign(nose) == np.sign(moved[list(OUTER_EYE_CORNERS), 0].mean())


def test_the_background_stays(still: SegmentedPortrait) -> None:
    pixels, _ = repose(still, replace(STILL, turn_deg=np.array((10.0, 5.0, 0.0))))
    off = np.abs(pixels.astype(int) - still.pixels.astype(int))
    assert off[:40, :40].max() <= 1
    assert off[:40, -40:].max() <= 1


def test_a_portrait_becomes_a_clip_of_its_person(tmp_path: Path) -> None:
    where = points()
    cv2.imwrite(str(tmp_path / "a.png"), portrait(where))
    np.savez(tmp_path / "a.npz", landmarks=where)
    rows = [
        TrainingClip(path=tmp_path / "a.png", kind="image", identity="someone"),
        TrainingClip(path=tmp_path / "b.png", kind="image", identity="unlabelled"),
        TrainingClip(path=tmp_path / "c.mp4", kind="clip", identity="a clip"),
    ]
    one, other = (
        list(read_reposed(rows, parts, frames=4, rng=np.random.default_rng(0))) for _ in range(2)
    )
    [clip] = one
    assert clip.identity == "someone"
    assert len(clip.jpegs) == 4
    assert clip.points.shape == (4, 74, 2)
    assert clip.pixels(0).shape == (SIZE, SIZE, 3)
    assert np.array_equal(clip.points, other[0].points)
    assert np.abs(clip.points[1:] - clip.points[0]).max() > 1
