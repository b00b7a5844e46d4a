"""Pairs of frames from one clip, cut by one square: the training samples of reenactment.

Frames are kept as JPEG in memory (some 20 kB each). A person is sampled first, then a clip, then
two frames. With the probability `far_pair_prob` the driver is the farther of two candidates by
landmarks; otherwise most pairs would hardly differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.data.clips import read_clip
from animate_cli.faces.aperture import aperture, distance
from animate_cli.faces.crop import cut, points_box, square, to_crop
from animate_cli.faces.points import FACING_LIPS, OUTER_EYE_CORNERS
from animate_cli.faces.segmentation.face_parsing import Labels
from animate_cli.faces.tracking.body_motion import body_between
from animate_cli.records import BODY, Crop, Image, Points
from animate_cli.train.samples.augment import mirrored
from animate_cli.train.samples.part_maps import cut_parts, mirrored_parts, unlabelled
from animate_cli.train.samples.samples import TrainingClip, clip_points, decode_jpeg, encode_jpeg

Rng = np.random.Generator
_CANDIDATES = 8  # frames among which the most shut and the most open mouth are chosen


@dataclass(frozen=True, kw_only=True)
class PairAugment:
    """How pairs are sampled and varied; both frames get the same square and light.

    size: pixels of the square; far_pair_prob: of a driver that is the farther of two candidates;
    open_mouth_prob: of a pair from the most shut to the most open mouth of `_CANDIDATES` frames,
    as photos often have shut mouths and few pairs of a clip open one; mirror: probability;
    zoom: the square's side is from this share of the frame to the whole of it; shift: at most this
    share of its side; stretch, roll_deg: standard deviations of a shear of the square and of its
    roll; background_prob: of another background (`train.samples.background_swap`); colour:
    strength of changes of light; noise_px, bias_px: standard deviations added to landmarks, in
    pixels of 256, in each frame anew, and alike in both, as a landmark network errs on new people;
    no_body_prob: of a pair without the motion of the body."""

    size: int = 256
    far_pair_prob: float = 0.5
    open_mouth_prob: float = 0.0
    mirror: float = 0.5
    zoom: float = 0.75
    shift: float = 0.06
    stretch: float = 0.0
    roll_deg: float = 0.0
    background_prob: float = 0.0
    colour: float = 0.15
    noise_px: float = 0.2
    bias_px: float = 0.0
    no_body_prob: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFrames:
    """A clip in memory: frames as JPEG, landmarks (T, 74, 2) in their pixels, who it shows.

    parts: maps of every frame's parts as PNG (`train.samples.clip_parsing`), or none at all.
    """

    jpegs: tuple[NDArray[np.uint8], ...]
    points: Points
    identity: str
    parts: tuple[NDArray[np.uint8], ...] = ()

    def pixels(self, index: int) -> Image:
        """Frame `index`, (H, W, 3) uint8 RGB."""
        return decode_jpeg(self.jpegs[index])

    def part_map(self, index: int) -> Labels:
        """Labels of frame `index`, (H, W); (0, 0) in a clip without."""
        if not self.parts:
            return unlabelled()
        return np.asarray(cv2.imdecode(self.parts[index], cv2.IMREAD_GRAYSCALE), np.uint8)


class Frames(Protocol):
    """The frames that pairs are cut from: a `ClipFrames`, or one that changes its pictures."""

    @property
    def points(self) -> Points:
        """Landmarks (T, 74, 2) in the frames' pixels."""
        ...

    def pixels(self, index: int) -> Image:
        """Frame `index`, (H, W, 3) uint8 RGB."""
        ...

    def part_map(self, index: int) -> Labels:
        """Labels of frame `index`, (H, W); (0, 0) where there are none."""
        ...


class Pair(NamedTuple):
    """Source and driver: pictures (S, S, 3) uint8, landmarks (74, 2) in their pixels, part maps
    (S, S), or (0, 0) without, and the motion of the body's points beside that of the head (26, 2),
    see `faces.tracking.body_motion`."""

    source: Image
    driver: Image
    source_px: Points
    driver_px: Points
    source_parts: Labels
    driver_parts: Labels
    body: Points


def read_clip_frames(rows: list[TrainingClip], stride: int) -> Iterator[ClipFrames]:
    """Every clip among the rows that has two usable frames, every `stride`-th frame of it."""
    for row in rows:
        if row.kind == "clip":
            clip = _read(row, stride)
            if len(clip.jpegs) > 1:
                yield clip


class PairSampler:
    """Samples a person by the square root of their frames, a clip likewise, then two frames."""

    def __init__(self, clips: list[ClipFrames]) -> None:
        people: dict[str, list[ClipFrames]] = {}
        for clip in clips:
            people.setdefault(clip.identity, []).append(clip)
        self._people = [people[name] for name in sorted(people)]

    def __call__(self, config: PairAugment, rng: Rng) -> Pair:
        """Everything random comes from `rng`."""
        return pair_of(self.clip(rng), config, rng)

    def clip(self, rng: Rng) -> ClipFrames:
        """A clip: of a person, both by the square root of their frames."""
        frames = [sum(len(clip.jpegs) for clip in clips) for clips in self._people]
        clips = self._people[_sample_by_root(frames, rng)]
        return clips[_sample_by_root([len(clip.jpegs) for clip in clips], rng)]


def pair_of(clip: Frames, config: PairAugment, rng: Rng) -> Pair:
    """Two of its frames, sampled and varied as `config` says."""
    if config.open_mouth_prob and rng.random() < config.open_mouth_prob:
        some = rng.integers(len(clip.points), size=_CANDIDATES)
        gaps = _mouth_opening(clip.points[some])
        return cut_pair(clip, int(some[gaps.argmin()]), int(some[gaps.argmax()]), config, rng)
    source, first, second = (int(i) for i in rng.integers(len(clip.points), size=3))
    is_far = rng.random() < config.far_pair_prob
    if is_far and _distance_px(clip, source, second) > _distance_px(clip, source, first):
        first = second
    return cut_pair(clip, source, first, config, rng)


def cut_pair(clip: Frames, source: int, driver: int, config: PairAugment, rng: Rng) -> Pair:
    """Two frames cut by one random square, in one random light."""
    frames = [clip.pixels(index) for index in (source, driver)]
    points = [clip.points[index] for index in (source, driver)]
    height, width = frames[0].shape[:2]
    crop = _crop(np.concatenate(points), min(height, width), config, rng)
    frames = [cut(frame, crop) for frame in frames]
    points = [to_crop(where, crop) for where in points]
    parts = [cut_parts(clip.part_map(index), crop) for index in (source, driver)]
    if rng.random() < config.mirror:
        (a, p), (b, q) = (mirrored(f, w) for f, w in zip(frames, points, strict=True))
        frames, points = [a, b], [p, q]
        parts = [mirrored_parts(labels) for labels in parts]
    light = _light(config.colour, rng)
    points = _with_noise(points, config, rng)
    lit = [_relight(frame, light) for frame in frames]
    body = np.zeros((BODY, 2), np.float32)
    if config.no_body_prob < 1 and rng.random() >= config.no_body_prob:
        body = body_between(lit[0], lit[1], points[0], points[1])
    return Pair(lit[0], lit[1], points[0], points[1], parts[0], parts[1], body)


def unaugmented(
    clip: Frames, source: int, driver: int, size: int, *, with_body: bool = False
) -> Pair:
    """Two whole frames without augmentation, at `size` pixels."""
    plain = PairAugment(
        size=size,
        mirror=0,
        zoom=1,
        shift=0,
        colour=0,
        noise_px=0,
        no_body_prob=0.0 if with_body else 1.0,
    )
    return cut_pair(clip, source, driver, plain, np.random.default_rng(0))


def _crop(points: Points, extent: int, config: PairAugment, rng: Rng) -> Crop:
    """A square inside the frame that holds both frames' landmarks wherever it can."""
    x0, y0, x1, y1 = points_box(points)
    least = 1.1 * max(x1 - x0, y1 - y0)
    side = max(extent * rng.uniform(config.zoom, 1.0), min(least, extent))
    low = np.maximum(np.array((x1, y1)) + 2 - side, 0)
    high = np.minimum(np.array((x0, y0)) - 2, extent - side)
    start = rng.uniform(np.minimum(low, high), np.maximum(low, high))
    start += rng.uniform(-config.shift, config.shift, 2) * side
    centre = start + (side - 1) / 2
    crop = square((float(centre[0]), float(centre[1])), side, config.size)
    return _sheared(crop, config, rng) if config.stretch or config.roll_deg else crop


def _sheared(crop: Crop, config: PairAugment, rng: Rng) -> Crop:
    """The square as a parallelogram about the same centre, turned a little."""
    lean = np.eye(2) + rng.normal(0, config.stretch, (2, 2)) * ((1, 0.5), (0.5, 1))
    angle = np.deg2rad(rng.normal(0, config.roll_deg))
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    linear = crop.crop_to_frame[:, :2] @ turn @ lean
    middle = np.full(2, (crop.size - 1) / 2)
    centre = crop.crop_to_frame @ np.append(middle, 1)
    return Crop(
        crop_to_frame=np.column_stack((linear, centre - linear @ middle)),
        size=crop.size,
    )


def _with_noise(points: list[Points], config: PairAugment, rng: Rng) -> list[Points]:
    """Both frames' landmarks (74, 2) with noise, which imitates a landmark network's errors."""
    px = config.size / 256
    shared = rng.normal(0, config.bias_px * px, points[0].shape) if config.bias_px else 0.0
    own = [rng.normal(0, config.noise_px * px, where.shape) for where in points]
    return [(p + shared + o).astype(np.float32) for p, o in zip(points, own, strict=True)]


def _light(strength: float, rng: Rng) -> NDArray[np.uint8]:
    """Look-up tables for the three channels: gain, gamma and lift. -> (256, 3)"""
    level = np.linspace(0, 1, 256)[:, None]
    gain = np.exp(rng.normal(0, strength, 1) + rng.normal(0, strength / 2, 3))
    gamma = np.exp(rng.normal(0, strength, 1))
    lit = gain * level**gamma + rng.normal(0, strength / 6)
    return (255 * np.clip(lit, 0, 1)).round().astype(np.uint8)


def _relight(pixels: Image, table: NDArray[np.uint8]) -> Image:
    return cv2.LUT(pixels, table.reshape(1, 256, 3))  # type: ignore[return-value]


def _sample_by_root(counts: list[int], rng: Rng) -> int:
    """A random index, its probability by the square root of its count."""
    weights = np.sqrt(np.array(counts, np.float64))
    return int(rng.choice(len(counts), p=weights / weights.sum()))


def _mouth_opening(points: Points) -> NDArray[np.float64]:
    """Mean distance between facing inner lip points, in eye distances: (T, 74, 2) -> (T,)."""
    eyes = distance(points, OUTER_EYE_CORNERS)
    return np.asarray(aperture(points, FACING_LIPS, unit=eyes), np.float64)


def _distance_px(clip: Frames, one: int, other: int) -> float:
    """Mean distance between two frames' landmarks."""
    return float(np.linalg.norm(clip.points[one] - clip.points[other], axis=1).mean())


def _read(row: TrainingClip, stride: int) -> ClipFrames:
    points, found = clip_points(row.path)
    jpegs, kept = [], []
    for frame in islice(read_clip(row.path), len(points)):
        if frame.index % stride == 0 and found[frame.index]:
            jpegs.append(encode_jpeg(frame.pixels))
            kept.append(points[frame.index])
    where = np.stack(kept) if kept else np.zeros((0, 74, 2), np.float32)
    return ClipFrames(jpegs=tuple(jpegs), points=where, identity=row.identity)
