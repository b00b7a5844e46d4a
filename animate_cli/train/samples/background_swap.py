"""Background replacement: both frames of a pair get the same still background.

In clips the background moves with the camera or with the crop, or it is plain. A network trained on
clips alone moves a photo's background with the head. Here a face parser
(`faces.segmentation.face_parsing`) cuts the person out of both frames, and the person is composited
over one still picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.data.pictures import read_picture
from animate_cli.faces.segmentation.face_parsing import Labels, Parser
from animate_cli.records import Image
from animate_cli.train.samples.clip_parsing import with_parts
from animate_cli.train.samples.inpaint_holes import dilate, inpaint_holes
from animate_cli.train.samples.pairs import ClipFrames, Pair, PairAugment, PairSampler, Rng, pair_of
from animate_cli.train.samples.part_maps import unlabelled
from animate_cli.train.samples.samples import TrainingClip, decode_jpeg, encode_jpeg

Parses = Callable[[Image], Labels]

_SIZE = 256  # pixels of a background picture's side
_LEAST_SHARE = 0.2  # of a picture that must be background, or it is not used
_AROUND_PX = 19  # dilation of the person before inpainting, because the parser misses some hair
_SMALLEST = 0.45  # least side of the crop of a background, in sides of the background
_SHAPES = (4, 40)  # range of the number of rectangles added to a background, end excluded
_TILTS_DEG = (0, 0, 90, 90, 20, 45, 70, 110, 135, 160)
_INNER_PX, _EDGE_PX = 3, 1.0  # erosion of a person's mask, and σ of the blur of its edge


class SwappedBackground:
    """A clip with its background replaced; pairs are cut from it as from `ClipFrames`."""

    def __init__(self, clip: ClipFrames, background: Image) -> None:
        """clip: with part maps; background (S, S, 3) uint8."""
        self._clip, self._background = clip, background
        self.jpegs, self.points, self.identity = clip.jpegs, clip.points, clip.identity

    def pixels(self, index: int) -> Image:
        """Frame `index`, (H, W, 3) uint8 RGB."""
        frame = self._clip.pixels(index)
        height, width = frame.shape[:2]
        behind = cv2.resize(self._background, (width, height), interpolation=cv2.INTER_LINEAR)
        return composite_over(frame, self._clip.part_map(index), behind)  # type: ignore[arg-type]

    def part_map(self, index: int) -> Labels:
        """Always an empty map (0, 0): the labels do not fit the new background."""
        del index
        return unlabelled()


class Backgrounds:
    """Background pictures, kept as JPEG."""

    def __init__(self, jpegs: Sequence[NDArray[np.uint8]]) -> None:
        self._jpegs = jpegs

    def __len__(self) -> int:
        return len(self._jpegs)

    def sample(self, rng: Rng) -> Image:
        """A random crop of a random background, flipped with probability 0.5: (s, s, 3) uint8 RGB.

        Half of the crops get random shapes, because most backgrounds are plain.
        """
        whole = decode_jpeg(self._jpegs[int(rng.integers(len(self._jpegs)))])
        side = int(len(whole) * rng.uniform(_SMALLEST, 1))
        y, x = rng.integers(len(whole) - side + 1, size=2)
        part = whole[y : y + side, x : x + side]
        shown = np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)
        return _with_shapes(shown, rng) if rng.random() < 0.5 else shown


class BackgroundSampler:
    """Samples pairs of frames, each pair with a random background."""

    def __init__(self, cutouts: list[ClipFrames], backgrounds: Backgrounds) -> None:
        """cutouts: clips with part maps."""
        self._people, self._backgrounds = PairSampler(cutouts), backgrounds

    def __call__(self, config: PairAugment, rng: Rng) -> Pair:
        """Everything random comes from `rng`."""
        clip = SwappedBackground(self._people.clip(rng), self._backgrounds.sample(rng))
        return pair_of(clip, config, rng)


def cut_out(
    clips: list[ClipFrames], rows: Sequence[TrainingClip], parser: Parser, maps: Path
) -> BackgroundSampler:
    """A sampler of the clips' people over the backgrounds of these clips and the rows' pictures.

    maps: folder that keeps the part maps.

    Raises:
        TrainError: the disk is full or cannot be written.
    """
    cutouts = [with_parts(clip, parser, maps) for clip in clips]
    return BackgroundSampler(cutouts, Backgrounds(list(read_backgrounds(rows, clips, parser))))


def read_backgrounds(
    rows: Sequence[TrainingClip], clips: Sequence[ClipFrames], parse: Parses
) -> Iterator[NDArray[np.uint8]]:
    """The backgrounds of pictures and of clips' first frames as JPEG, people inpainted."""
    stills = (read_picture(row.path) for row in rows if row.kind == "image")
    for picture in (*stills, *(clip.pixels(0) for clip in clips)):
        side = min(picture.shape[:2])
        square = cv2.resize(picture[:side, :side], (_SIZE, _SIZE), interpolation=cv2.INTER_AREA)
        person = parse(square) > 0  # type: ignore[arg-type]
        if person.mean() <= 1 - _LEAST_SHARE:
            yield encode_jpeg(inpaint_holes(square, dilate(person, _AROUND_PX)))  # type: ignore[arg-type]


def every_nth_frame(clip: ClipFrames, stride: int) -> ClipFrames:
    """The clip with every `stride`-th frame alone."""
    parts = clip.parts[::stride]
    return replace(clip, jpegs=clip.jpegs[::stride], points=clip.points[::stride], parts=parts)


def _with_shapes(picture: Image, rng: Rng) -> Image:
    """The picture with rectangles and bars of random colours, sharp or blurred."""
    size, shapes = len(picture), picture.copy()
    for _ in range(int(rng.integers(*_SHAPES))):
        centre, extent = rng.uniform(0, size, 2), size * np.exp(rng.uniform(-4, -0.8, 2))
        corners = cv2.boxPoints((centre.tolist(), extent.tolist(), float(rng.choice(_TILTS_DEG))))
        colour = rng.integers(256, size=3).tolist()
        cv2.fillConvexPoly(shapes, corners.astype(np.int32), colour, lineType=cv2.LINE_AA)
    blurred = cv2.GaussianBlur(shapes, (0, 0), float(np.exp(rng.uniform(-1.5, 1.2))))
    share = rng.uniform(0.3, 1)
    return np.asarray(cv2.addWeighted(blurred, share, picture, 1 - share, 0), np.uint8)


def composite_over(frame: Image, labels: Labels, behind: Image) -> Image:
    """The frame's person, by its labels (H, W), composited over another picture: (H, W, 3)."""
    alpha = person_alpha(labels)[..., None]
    mixed = behind + alpha * (frame.astype(np.float32) - behind)
    return np.asarray(mixed.round(), np.uint8)


def person_alpha(labels: Labels) -> NDArray[np.float32]:
    """The person's opacity in each pixel, in [0, 1], from labels (H, W): (H, W)."""
    person = cv2.erode((labels > 0).astype(np.uint8), np.ones((_INNER_PX, _INNER_PX), np.uint8))
    return np.asarray(cv2.GaussianBlur(person.astype(np.float32), (0, 0), _EDGE_PX), np.float32)
