"""A long film in segments: the same film, and an interruption costs only the open segment."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from toy_world import ToyWorld

from animate_cli import Animator, Cancelled, ComputeOptions, Options, OutputOptions, Progress, Step
from animate_cli.media.video.segments import Film

AHEAD = 16
FRAMES = AHEAD + 9


@pytest.fixture
def long(toy: ToyWorld, monkeypatch: pytest.MonkeyPatch) -> ToyWorld:
    """Segments as short as rendering allows, if it looks ahead less; and a driver of two."""
    monkeypatch.setattr("animate_cli.stages.scene.LOOKAHEAD", AHEAD)
    monkeypatch.setattr("animate_cli.pipeline.Film", partial(Film, length=AHEAD))
    toy.photo()
    toy.driver(frames=FRAMES, sound=True)
    return toy


def film(toy: ToyWorld, output: str, *, stop: int | None = None) -> list[int]:
    """Animate in segments, or until a frame is written -> counts that were told."""
    told: list[int] = []

    def tell(progress: Progress) -> bool:
        if progress.step is Step.RENDER:
            told.append(progress.done)
        return not (progress.step is Step.RENDER and progress.done == stop)

    options = Options(output=OutputOptions(side_by_side=True), compute=ComputeOptions(threads=1))
    source, driver, kept = (toy.folder / name for name in ("photo.png", "driver.mp4", ".kept"))
    Animator(options).animate(source, driver, output, segments=kept, on_progress=tell)
    return told


def pictures(path: str) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def test_after_an_interruption_it_is_the_film_that_it_would_have_been(long: ToyWorld) -> None:
    assert film(long, "whole.mp4")[0] == 0
    with pytest.raises(Cancelled):
        film(long, "f.mp4", stop=AHEAD + 3)
    assert not Path("f.mp4").exists()
    assert film(long, "f.mp4")[0] == AHEAD
    one, other = pictures("whole.mp4"), pictures("f.mp4")
    assert len(one) == len(other) == FRAMES
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (long.folder / ".kept").exists()
    with av.open("f.mp4") as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(FRAMES / 25, abs=0.05)
