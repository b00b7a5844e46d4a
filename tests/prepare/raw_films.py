"""Make raw videos of toy faces, and read the prepared dataset."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from toy_world import toy_frame

from animate_cli.records import Image

RATE = Fraction(30000, 1001)


def film(path: Path, shifts: Sequence[float | None], size: tuple[int, int] = (240, 120)) -> Path:
    """A video of a face `shifts` px right of the centre per frame; None: no face."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", RATE, options={"crf": "10"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for shift in shifts:
            pixels = toy_frame(*size, shift=shift or 0.0, face=shift is not None)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return path


def frames_of(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def rows(dataset: Path) -> list[dict[str, str]]:
    with (dataset / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
