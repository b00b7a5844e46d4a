"""Write numbered pictures as a video, for tests that read it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from clips import picture

from animate_cli.media.provenance import Marking
from animate_cli.media.sound.mux import AudioPlan
from animate_cli.media.writer import VideoWriter, open_writer
from animate_cli.options import Codec, OutputOptions

Clip = Callable[..., Path]


def write(
    path: Path,
    marking: Marking,
    times: Iterable[Fraction],
    *,
    rate: Fraction = Fraction(25),
    codec: Codec = Codec.H264,
    audio: AudioPlan | None = None,
    width: int = 96,
    height: int = 64,
    threads: int = 1,
    overwrite: bool = False,
    inputs: tuple[Path, ...] = (),
    draw: Callable[..., np.ndarray] = picture,
) -> VideoWriter:
    options = OutputOptions(codec=codec, overwrite=overwrite)
    with open_writer(
        path,
        width=width,
        height=height,
        rate=rate,
        options=options,
        marking=marking,
        audio=audio,
        inputs=inputs,
        threads=threads,
    ) as writer:
        for index, time in enumerate(times):
            writer.write(draw(index, width=width, height=height), time)
    return writer


def even(count: int, rate: Fraction = Fraction(25)) -> list[Fraction]:
    return [Fraction(n) / rate for n in range(count)]
