"""Bar: raw videos become clips with every frame, labelled where our network sees the face."""

from __future__ import annotations

import csv
from pathlib import Path

import av
import numpy as np
import pytest

from animate_cli.faces.crop import landmark_square
from animate_cli.faces.landmarks.inference import detect_landmarks
from animate_cli.faces.landmarks.network import load_landmarker
from animate_cli.faces.points import OUTER_EYE_CORNERS
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.prepare.options import PrepareOptions
from animate_cli.prepare.run import prepare
from animate_cli.train.recipe import DataRecipe
from animate_cli.train.samples.samples import clip_points, read_rows

EVERY = 3  # original
LOOKED_AT = 20  # frames between two that are looked at
MOST_AWAY = 0.03  # of the distance between the outer eye corners, in the median


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_originals_become_a_data_set(data, tmp_path):
    videos = sorted(path for path in (data / "originals").iterdir() if path.suffix != ".npz")
    videos = videos[::EVERY]
    choices = PrepareOptions(jobs=2)
    prepared = prepare(videos, tmp_path, choices)
    left_out = prepared.short + prepared.small + prepared.lost
    print(prepared.to_json())
    assert not prepared.refused
    assert prepared.frames + left_out == sum(frames_in(video) for video in videos)
    away = [share for row in rows(tmp_path) for share in checked(tmp_path / row["file"], row)]
    print(f"median distance of labels and a fresh look: {100 * np.median(away):.2f} %")
    assert np.median(away) <= MOST_AWAY
    assert all(row["identity"].startswith("id") and row["licence"] for row in rows(tmp_path))
    trained = {row.identity for row in read_rows(DataRecipe(root=str(tmp_path)), "train")}
    assert trained.isdisjoint(
        row.identity for row in read_rows(DataRecipe(root=str(tmp_path)), "val")
    )
    assert prepare(videos, tmp_path, choices).done == 0


def frames_in(video: Path) -> int:
    with open_driver(video, ReadOptions()) as reader:
        return sum(1 for _ in reader)


def rows(dataset: Path) -> list[dict[str, str]]:
    with (dataset / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def checked(clip: Path, row: dict[str, str]) -> list[float]:
    """Distances between labels and what the network sees in the clip itself, in eye distances."""
    points, found = clip_points(clip)
    network, away, count = load_landmarker(), [], 0
    with av.open(str(clip)) as container:
        for count, frame in enumerate(container.decode(video=0), start=1):
            if count % LOOKED_AT == 0:
                own = points[count - 1]
                (sight,) = detect_landmarks(
                    frame.to_ndarray(format="rgb24"),
                    [landmark_square(own, network.size)],
                    network,
                )
                eyes = np.linalg.norm(np.subtract(*own[list(OUTER_EYE_CORNERS)]))
                away.append(np.linalg.norm(sight.landmarks - own, axis=1).mean() / eyes)
    assert count == len(points) == int(row["frames"]) == found.sum()
    return away
