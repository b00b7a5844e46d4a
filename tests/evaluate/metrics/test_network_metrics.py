"""External networks on real clips, where their files are available."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from places import EXAMPLES, SHARED

from animate_cli.data.manifest import read_manifest
from animate_cli.evaluate.metrics.networks.head_pose import load_head_pose
from animate_cli.evaluate.metrics.networks.identity import load_embedder
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.records import Image

DATA = SHARED / "data"
PEOPLE = 4


@pytest.fixture(scope="module")
def teachers() -> Path:
    pytest.importorskip("onnxruntime")
    if not DATA.is_dir():
        pytest.skip("needs ../shared/data, which is not part of the repository")
    return DATA / "teachers"


def frames(path: Path, wanted: tuple[int, ...]) -> list[Image]:
    with open_driver(path, ReadOptions()) as reader:
        return [frame.pixels for frame in reader if frame.index in wanted]


def labels(path: Path) -> np.ndarray:
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as held:
        return held["landmarks"][:, MEDIAPIPE].astype(np.float32)


def test_a_person_is_like_himself_and_unlike_others(teachers: Path) -> None:
    embed = load_embedder(teachers)
    people = {
        e.identity: e.path for e in read_manifest(DATA) if (e.kind, e.split) == ("clip", "train")
    }
    faces = []
    for path in list(people.values())[:PEOPLE]:
        points = labels(path)
        early, late = frames(path, (0, 40))
        faces.append((embed(early, points[0]), embed(late, points[40])))
    own = [float(a @ b) for a, b in faces]
    swapped = [float(faces[i][0] @ faces[i - 1][1]) for i in range(PEOPLE)]
    assert min(own) > 0.5 > max(swapped)


def test_the_head_turns_as_the_rendered_one_does(teachers: Path) -> None:
    read = load_head_pose(teachers)
    with np.load(EXAMPLES / "driver_truth.npz", allow_pickle=False) as truth:
        points, pose = truth["landmarks"].astype(np.float32), truth["pose_deg"]
    wanted = tuple(range(0, 200, 10))
    record = [
        read(f, points[i])
        for f, i in zip(frames(EXAMPLES / "driver.mp4", wanted), wanted, strict=True)
    ]
    for axis in range(3):
        r = np.corrcoef(np.array(record)[:, axis], pose[list(wanted), axis])[0, 1]
        assert r > 0.8, axis
