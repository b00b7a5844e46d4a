"""A job is done again when anything changes that its result shows, and only then."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from animate_cli.batch.job import UNREADABLE, Digests, Job, fingerprint
from animate_cli.hub import WeightUsed
from animate_cli.options import (
    ComputeOptions,
    Lost,
    Options,
    OutputOptions,
    ReadOptions,
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for name in ("a.png", "d.mp4", "song.wav"):
        (tmp_path / name).write_text(name)
    return Job(
        name="a.mp4",
        source=tmp_path / "a.png",
        driver=tmp_path / "d.mp4",
        output=tmp_path / "out" / "a.mp4",
        options=Options(output=OutputOptions(audio=str(tmp_path / "song.wav"))),
    )


def of(job: Job) -> str:
    return fingerprint(job, Digests())


@pytest.mark.parametrize("file", ["a.png", "d.mp4", "song.wav"])
def test_every_inputs_bytes_count(job: Job, tmp_path: Path, file: str) -> None:
    before = of(job)
    (tmp_path / file).touch()
    assert of(job) == before
    (tmp_path / file).write_text("other")
    changed = of(job)
    assert changed != before
    (tmp_path / file).unlink()
    assert of(job) not in (before, changed)


def test_places_and_names_do_not(job: Job, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(job.source.read_bytes())
    assert of(replace(job, source=copy, name="b.mp4", output=tmp_path)) == of(job)


@pytest.mark.parametrize(
    "change",
    [
        {"output": OutputOptions(crf=20)},
        {"output": OutputOptions(audio="none")},
        {"read": ReadOptions(start_s=Fraction(1, 3))},
        {"compute": ComputeOptions(seed=1)},
    ],
)
def test_options_that_show_count(job: Job, change: dict[str, object]) -> None:
    assert of(replace(job, options=replace(job.options, **change))) != of(job)


def test_options_of_the_machine_do_not(job: Job) -> None:
    options = replace(
        job.options,
        compute=ComputeOptions(threads=3, device="cuda"),
        read=ReadOptions(max_pixels=1, max_duration_s=Fraction(1)),
        output=replace(job.options.output, overwrite=True),
    )
    assert of(replace(job, options=options)) == of(job)
    lost = replace(job.options.faces, lost=Lost.HOLD)
    assert of(replace(job, options=replace(job.options, faces=lost))) != of(job)


def test_weights_count(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(job)
    own = tmp_path / "own.safetensors"
    chosen = replace(job.options, motion=replace(job.options.motion, weights=str(own)))
    missing = of(replace(job, options=chosen))
    own.write_text("1")
    first = of(replace(job, options=chosen))
    own.write_text("2")
    assert len({before, missing, first, of(replace(job, options=chosen))}) == 4
    other = WeightUsed(name="points", sha256="0" * 64)
    monkeypatch.setattr("animate_cli.hub.used", lambda name: other)
    assert of(job) != before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    digests = Digests()
    for name in ("pipe", "loop", "absent", "x" * 300):
        assert digests.of(tmp_path / name) == UNREADABLE
