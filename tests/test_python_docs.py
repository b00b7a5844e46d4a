"""The page of the Python reference: every example runs, every public name is on it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from places import EXAMPLES, ROOT

import animate_cli
from animate_cli import FileTreatment, PrepareOptions, Split, prepare_dataset
from animate_cli.train.samples.samples import is_dev

PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^## (.+?)$(?:(?!^## ).)*?^```python\n(.*?)^```", re.M | re.S)
BLOCKS = dict(BLOCK.findall(PAGE))
FRAMES = 6
RECIPE = """
objective = "landmarks"
name = "toy"
data.clip_stride = 5
steps.batch = 2
log.sheets = false
"""


def people() -> tuple[str, str]:
    """A name whose clips train, and one whose clips steer the training."""
    names = [f"person{number}" for number in range(100)]
    return next(n for n in names if not is_dev(n)), next(n for n in names if is_dev(n))


def shorter(path: Path, *, start: int, size: int) -> None:
    """Some frames of the example driver, small."""
    with av.open(str(EXAMPLES / "driver.mp4")) as reader, av.open(str(path), "w") as writer:
        stream = writer.add_stream("libx264", 25, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = size, size, "yuv420p"
        for number, frame in enumerate(reader.decode(video=0)):
            if start <= number < start + FRAMES:
                pixels = frame.to_ndarray(format="rgb24")
                side = min(pixels.shape[:2])
                pixels = cv2.resize(
                    pixels[:side, :side], (size, size), interpolation=cv2.INTER_AREA
                )
                writer.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        writer.mux(stream.encode())


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the examples name."""
    folder = tmp_path_factory.mktemp("inputs")
    for name in ("photos", "videos"):
        (folder / name).mkdir()
    photo = cv2.imread(str(EXAMPLES / "portrait.png"))
    cv2.imwrite(
        str(folder / "photo.jpg"), cv2.resize(photo, (192, 192), interpolation=cv2.INTER_AREA)
    )
    cv2.imwrite(str(folder / "empty.png"), np.full((64, 64, 3), 90, np.uint8))
    shutil.copy(folder / "photo.jpg", folder / "photos" / "a.jpg")
    shorter(folder / "video.mp4", start=0, size=192)
    for start, name in enumerate(people()):
        shorter(folder / "videos" / f"{name}.mp4", start=20 * start, size=192)
    choices = PrepareOptions(treatment=FileTreatment.AS_IS, identity_from="file", split=Split.TRAIN)
    prepare_dataset([folder / "videos"], folder / "labelled", choices)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return folder


@pytest.mark.parametrize("heading", list(BLOCKS))
def test_the_example_runs(
    heading: str, inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    shutil.copytree(inputs, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    code = compile(BLOCKS[heading], f"docs/python.md, {heading}", "exec")
    exec(code, {"__name__": "__main__"})


def test_every_block_of_code_is_run() -> None:
    assert PAGE.count("```python") == len(BLOCKS)


def test_every_public_name_is_on_the_page() -> None:
    missing = [name for name in animate_cli.__all__ if name[0] != "_" and name not in PAGE]
    assert not missing
