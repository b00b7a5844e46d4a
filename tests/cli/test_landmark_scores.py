"""`animate eval --landmarks` in the toy world, whose landmarker sees the truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from refusal import animate
from toy_world import ToyWorld, canonical_points, find_disc

from animate_cli.media.images.image import read_photo, write_image
from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions

LOW_PX = 2.0


@pytest.fixture
def labelled(toy: ToyWorld) -> Path:
    """A clip with exact labels but for its last frame, and a picture whose label is too low."""
    root = toy.folder / "set"
    (root / "stills").mkdir(parents=True)
    clip = toy.driver("set/one.mp4", frames=7)
    with open_driver(clip, ReadOptions()) as reader:
        frames = list(reader)
    discs = [find_disc(frame.pixels) for frame in frames]
    truth = np.stack([canonical_points() * disc[2] + disc[:2] for disc in discs if disc])
    np.savez(clip.with_suffix(".npz"), landmarks=truth, found=np.arange(7) < 6)
    still = root / "stills" / "a.png"
    write_image(still, frames[0].pixels)
    np.savez(still.with_suffix(".npz"), landmarks=truth[0] + (0, LOW_PX))
    lines = ("file,split,kind,identity", "one.mp4,val,clip,a", "stills/a.png,val,image,a")
    (root / "manifest.csv").write_text("\n".join(lines), encoding="utf-8")
    return root


def test_networks_are_held_against_labels(labelled: Path) -> None:
    answer = animate(
        *("eval", "--data", labelled, "--landmarks", "landmarks", "--threads", "1"),
        *("--json", "landmarks.json"),
    )
    assert answer.exit_code == 0, answer.output
    assert "landmarks smoothed" in answer.stdout
    assert "1 of 1: one" in answer.stderr
    told = json.loads(Path("landmarks.json").read_text(encoding="utf-8"))
    assert (told["clips"], told["frames"]) == (1, 6)
    rows = {row["name"]: dict(row["accuracy"]) for row in told["rows"]}
    assert set(rows) == {
        "landmarks",
        "landmarks smoothed",
        "landmarks registered",
        "landmarks second look",
        "labels",
    }
    assert rows["landmarks"]["clips"]["nme"] < 3
    pixels = read_photo(labelled / "stills" / "a.png", max_pixels=10**7).pixels
    disc = find_disc(pixels)
    assert disc is not None
    eyes = canonical_points()[[36, 45]] * disc[2]
    off = 100 * LOW_PX / float(np.linalg.norm(eyes[0] - eyes[1]))
    assert rows["landmarks"]["stills"]["nme"] == pytest.approx(off, abs=3)


@pytest.mark.parametrize("other", [("--model", "thin_plate"), ("--sheets", "s"), ("--html", "h")])
def test_what_only_models_have_is_refused_beside_them(labelled: Path, other) -> None:
    answer = animate("eval", "--data", labelled, "--landmarks", "landmarks", *other)
    assert answer.exit_code == 1
    assert "--landmarks goes with neither" in answer.stderr


def test_labels_that_are_missing_are_told(labelled: Path) -> None:
    (labelled / "one.npz").unlink()
    answer = animate("eval", "--data", labelled, "--landmarks", "landmarks")
    assert answer.exit_code == 1
    assert "has no landmarks beside it" in answer.stderr


@pytest.mark.parametrize(
    ("file", "told"),
    [("one.npz", "no landmarks can be read"), ("stills/a.npz", "no landmarks can be read")],
)
def test_damaged_labels_are_told(labelled: Path, file: str, told: str) -> None:
    (labelled / file).write_bytes(b"PK no archive")
    answer = animate("eval", "--data", labelled, "--landmarks", "landmarks", "--threads", "1")
    assert answer.exit_code == 1
    assert told in " ".join(answer.stderr.split())
    assert "Traceback" not in answer.output


def test_a_clip_without_a_label_at_its_start_is_told(labelled: Path) -> None:
    with np.load(labelled / "one.npz") as labels:
        np.savez(labelled / "one.npz", landmarks=labels["landmarks"], found=np.arange(7) > 0)
    answer = animate("eval", "--data", labelled, "--landmarks", "landmarks")
    assert answer.exit_code == 1
    assert "the first frame has no label" in " ".join(answer.stderr.split())
