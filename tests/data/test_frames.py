"""Folders of numbered pictures: a clip or portraits."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from animate_cli.data.frames import are_frames


def write(folder: Path, pictures: list[np.ndarray], *, step: int = 1) -> Path:
    folder.mkdir()
    for k, pixels in enumerate(pictures):
        cv2.imwrite(str(folder / f"{k * step:05d}.png"), pixels)
    return folder


def slow_pan(count: int, side: int = 48) -> list[np.ndarray]:
    wide = cv2.GaussianBlur(
        np.random.default_rng(0).integers(0, 255, (side, side + count, 3)).astype(np.uint8),
        (0, 0),
        4,
    )
    return [wide[:, k : k + side] for k in range(count)]


def test_what_changes_slowly_is_a_clip(tmp_path: Path) -> None:
    clip = write(tmp_path / "clip", slow_pan(6))
    assert are_frames(clip, least=6)
    assert not are_frames(clip, least=7)


def test_portraits_gaps_and_sizes_are_none(tmp_path: Path) -> None:
    levels = (20, 120, 220, 60, 180, 90)
    people = [np.full((48, 48, 3), level, np.uint8) for level in levels]
    assert not are_frames(write(tmp_path / "people", people), least=2)
    assert not are_frames(write(tmp_path / "gaps", slow_pan(6), step=25), least=2)
    other = [*slow_pan(5), slow_pan(1, 32)[0]]
    assert not are_frames(write(tmp_path / "sizes", other), least=2)
    (tmp_path / "empty").mkdir()
    assert not are_frames(tmp_path / "empty", least=0)
