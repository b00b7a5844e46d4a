"""What `animate track` tells of a trajectory."""

from __future__ import annotations

import json

import pytest
from refusal import animate
from toy_world import ToyWorld

from animate_cli.faces.landmarks.jitter import sms
from animate_cli.faces.tracking.template import load_template


def test_the_summary_is_that_of_the_template(toy: ToyWorld) -> None:
    driver = toy.driver(frames=12, without_face=[6])
    answer = animate("track", driver, "-o", "t.npz", "--json")
    assert answer.exit_code == 0, answer.output
    summary = json.loads(answer.stdout)
    kept = load_template(toy.folder / "t.npz")
    wanted = sms(kept.landmarks, kept.found, kept.cut)
    assert summary["frames"] == len(kept) == 12
    assert summary["lost"] == kept.lost == 1
    assert summary["sms_px"] == pytest.approx(wanted.px)
    assert summary["sms_interocular"] == pytest.approx(wanted.interocular)
    assert summary["sms_frames"] == wanted.frames == 7
    assert summary["confidence"] == pytest.approx(kept.confidence[kept.found].mean())


def test_a_person_reads_the_same_in_words(toy: ToyWorld) -> None:
    answer = animate("track", toy.driver(frames=8, without_face=[6]), "-o", "t.npz")
    assert answer.stdout == "t.npz\n"
    assert "8 frames, 1 of them without a face" in answer.stderr
    assert "SMS" in answer.stderr
    assert "mean confidence" in answer.stderr


def test_too_short_for_sms_is_null_and_not_told(toy: ToyWorld) -> None:
    answer = animate("track", toy.driver(frames=2), "-o", "t.npz", "--json")
    summary = json.loads(answer.stdout)
    assert summary["sms_px"] is None
    assert summary["sms_frames"] == 0
    assert "SMS" not in answer.stderr
