"""Short runs of neighbouring clip frames, held in memory as JPEG.

One run is kept for about every second of a clip. A training uses each run a few times, and the runs
take a tenth of the memory of whole clips.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animate_cli.data.clips import read_clip
from animate_cli.faces.crop import cut, landmark_square, points_box, square
from animate_cli.records import Crop, Image, Points
from animate_cli.train.samples.augment import AugmentConfig
from animate_cli.train.samples.samples import TrainingClip, clip_points, decode_jpeg, encode_jpeg


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """Neighbouring frames of one person as JPEG, and the face's position in the first.

    points (74, 2) in pixels: they only place the square that is cut.
    """

    jpegs: tuple[NDArray[np.uint8], ...]
    points: Points
    identity: str

    def squares(self, crop: Crop) -> Image:
        """All frames cut by one square: -> (T, size, size, 3) uint8 RGB."""
        return np.stack([self.square(index, crop) for index in range(len(self.jpegs))])

    def square(self, index: int, crop: Crop) -> Image:
        """One frame cut by a square: -> (size, size, 3) uint8 RGB."""
        return cut(decode_jpeg(self.jpegs[index]), crop)


def read_runs(rows: list[TrainingClip], *, length: int, every: int) -> Iterator[Run]:
    """`length` neighbouring frames out of each `every` frames of the rows that are clips."""
    for row in rows:
        if row.kind == "clip":
            yield from _read(row, length, every)


def jittered_square(run: Run, size: int, config: AugmentConfig, rng: np.random.Generator) -> Crop:
    """The landmark square, displaced at random as by a detector's errors; one for the whole run."""
    x0, y0, x1, y1 = points_box(run.points)
    exact = landmark_square(run.points, size)
    side = float(exact.crop_to_frame[0, 0]) * size
    x, y = rng.uniform(-config.shift, config.shift, 2) / 2 * side
    roll = float(rng.uniform(-config.roll_deg, config.roll_deg)) / 2
    zoom = float(np.exp(rng.uniform(-config.zoom, config.zoom) / 2))
    return square(((x0 + x1) / 2 + x, (y0 + y1) / 2 + y), side * zoom, size, roll)


def _read(row: TrainingClip, length: int, every: int) -> Iterator[Run]:
    points, _ = clip_points(row.path)
    jpegs: list[NDArray[np.uint8]] = []
    for frame in read_clip(row.path):
        first = frame.index - frame.index % every
        if first >= len(points) or frame.index % every >= length:
            continue
        jpegs.append(encode_jpeg(frame.pixels))
        if len(jpegs) == length:
            yield Run(jpegs=tuple(jpegs), points=points[first], identity=row.identity)
            jpegs.clear()
