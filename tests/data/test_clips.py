"""One reader of clips: the frames that labels are numbered by, and no other way to them."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from places import EXAMPLES, ROOT

from animate_cli.data.clips import read_clip
from animate_cli.errors import MediaError
from animate_cli.faces.points import MEDIAPIPE
from animate_cli.train.samples.frame_runs import read_runs
from animate_cli.train.samples.pairs import read_clip_frames
from animate_cli.train.samples.samples import JPEG_QUALITY, TrainingClip, read_samples

FRAMES = 25


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Coloured noise that moves, 64 pixels square; a face in every frame but the fourth."""
    path = tmp_path / "clip.mp4"
    rng = np.random.default_rng(0)
    noise = cv2.resize(rng.integers(0, 256, (16, 16, 3), np.uint8), (96, 96))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for i in range(FRAMES):
            pixels = np.ascontiguousarray(noise[i : i + 64, i // 2 : i // 2 + 64])
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    labels = np.zeros((FRAMES, 478, 2), np.float16)
    labels[:, MEDIAPIPE] = rng.uniform(20, 40, (74, 2))
    np.savez(path.with_suffix(".npz"), landmarks=labels, found=np.arange(FRAMES) != 3)
    return path


def stored(path: Path, pixel_format: str = "rgb24") -> list[np.ndarray]:
    """The file's frames as its decoder gives them."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format=pixel_format) for frame in container.decode(video=0)]


def jpeg(bgr: np.ndarray) -> np.ndarray:
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]


@pytest.mark.parametrize("name", ["made", "driver"])
def test_an_upright_clip_is_read_as_it_is_stored(clip: Path, name: str) -> None:
    path = clip if name == "made" else EXAMPLES / "driver.mp4"
    frames = list(read_clip(path))
    expected = stored(path)
    assert [frame.index for frame in frames] == list(range(len(expected)))
    assert all((f.pixels == e).all() for f, e in zip(frames, expected, strict=True))
    assert frames[1].time_s - frames[0].time_s == Fraction(1, 25)


def test_all_samples_of_a_clip_are_its_frames(clip: Path) -> None:
    """Labelled pictures, pairs' frames and runs: the same bytes as from the decoder."""
    rows = [TrainingClip(path=clip, kind="clip", identity="a")]
    frames = [jpeg(bgr) for bgr in stored(clip, "bgr24")]
    kept = [i for i in range(0, FRAMES, 3) if i != 3]
    (pairs,) = read_clip_frames(rows, 3)
    for jpegs in ([sample.jpeg for sample in read_samples(rows, 3)], pairs.jpegs):
        assert all((a == frames[i]).all() for a, i in zip(jpegs, kept, strict=True))
    runs = list(read_runs(rows, length=3, every=10))
    expected = [(0, 1, 2), (10, 11, 12), (20, 21, 22)]
    for run, numbers in zip(runs, expected, strict=True):
        assert all((a == frames[i]).all() for a, i in zip(run.jpegs, numbers, strict=True))


def test_a_file_that_is_no_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no video")
    with pytest.raises(MediaError):
        list(read_clip(tmp_path / "x.mp4"))


def test_only_the_media_package_decodes() -> None:
    for package in ("train", "evaluate", "prepare", "data"):
        for path in (ROOT / "animate_cli" / package).rglob("*.py"):
            names = [
                alias.name
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Import)
                for alias in node.names
            ]
            assert "av" not in names, path
