"""The marking survives every format that can carry it, and nothing else is taken for one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from animate_cli.digest import sha256_of
from animate_cli.media.provenance import Marking, mark_gif, read_marking

WEIGHTS = st.lists(st.tuples(st.text(min_size=1), st.text()), unique_by=lambda pair: pair[0])


def test_the_statement_is_one_line_of_json_that_says_synthetic(marking: Marking) -> None:
    said = json.loads(marking.text())
    assert "\n" not in marking.text()
    assert said["synthetic"] is True
    assert said["source_sha256"] == "cd" * 32
    assert said["weights"] == {"points": "ab" * 32}


@given(version=st.text(), weights=WEIGHTS)
def test_gif_comments_of_any_length_come_back(
    tmp_path_factory: object, version: str, weights: list[tuple[str, str]]
) -> None:
    path = Path(str(tmp_path_factory.getbasetemp())) / "a.gif"  # type: ignore[attr-defined]
    Image.new("P", (4, 4)).save(path)
    written = Marking(version=version, model="m", source_sha256="s", weights=tuple(weights))
    mark_gif(path, written)
    found = read_marking(path)
    assert found is not None
    assert found.text() == written.text()
    with Image.open(path) as image:
        image.load()


def test_other_files_carry_no_marking(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    Image.new("P", (4, 4)).save(tmp_path / "a.gif", comment="holiday")
    (tmp_path / "text.txt").write_text("words")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        container.metadata["comment"] = '{"weights": {}, "other": 1}'
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for path in tmp_path.iterdir():
        assert read_marking(path) is None


def test_hashes_are_of_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    assert sha256_of(tmp_path / "a") == hashlib.sha256(b"one").hexdigest()
    assert sha256_of(tmp_path) == hashlib.sha256(b"onetwo").hexdigest()
