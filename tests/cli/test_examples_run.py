"""The real thing: the embedded weights, the example portrait and driver, one second."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from places import EXAMPLES
from refusal import animate, command

from animate_cli import hub
from animate_cli.media.container.probe import probe
from animate_cli.media.provenance import read_marking

PORTRAIT, DRIVER = EXAMPLES / "portrait.png", EXAMPLES / "driver.mp4"


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANIMATE_HOME", str(tmp_path / "home"))
    return tmp_path


def test_the_example_is_animated(away: Path) -> None:
    answer = animate(PORTRAIT, "--driver", DRIVER, "--duration", "1s", "-o", "out.mp4", "--json")
    assert answer.exit_code == 0, answer.output
    summary = json.loads(answer.stdout)
    given, made = probe(DRIVER), probe(Path("out.mp4"))
    assert summary["frames"] == round(given.rate)
    assert made.rate == given.rate
    assert abs(made.duration_s - 1) <= 1 / given.rate
    assert made.audio
    assert abs(made.audio[0].start_s - given.audio[0].start_s) <= Fraction(20, 1000)
    assert summary["lost"] == 0
    portrait = cv2.imread(str(PORTRAIT))[..., ::-1]
    with av.open("out.mp4") as result:
        frames = [f.to_ndarray(format="rgb24").astype(int) for f in result.decode(video=0)]
    assert frames[0].shape == portrait.shape
    differences = [np.abs(frame - portrait).mean() for frame in frames]
    assert min(differences) < 3  # the anchor frame is nearly the photo
    assert max(np.abs(a - b).mean() for a, b in pairwise(frames)) > 0.2
    marking = read_marking(Path("out.mp4"))
    assert marking is not None
    names = ("landmarks", "matte", "shape", "sparse_to_dense")
    assert dict(marking.weights) == {name: hub.used(name).sha256 for name in names}


def test_every_weight_that_is_here_is_genuine(away: Path) -> None:
    answer = command("weights", "verify")
    assert answer.exit_code == 0, answer.output
    assert "landmarks" in answer.stdout


def test_doctor_finds_this_machine_fit(away: Path) -> None:
    answer = animate("doctor")
    assert answer.exit_code == 0, answer.output
    assert "broken" not in answer.stdout
    assert sys.version.split()[0] in answer.stdout
