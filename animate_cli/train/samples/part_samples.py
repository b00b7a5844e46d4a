"""Eyes and mouths of labelled faces, each cut at its picture's own resolution.

A sample is a square about one part, `ROOM` times as wide as the patch that a network reads, so that
training can shift, turn and zoom inside it. Left eyes are mirrored. Of a clip every n-th frame is
kept, and every frame with a rare shape: a far gaze, a wide mouth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from animate_cli.data.pictures import label_of, read_picture
from animate_cli.faces.crop import to_crop
from animate_cli.faces.patch_landmarks.patches import EYES, POINTS_OF, FacePart, patch_square
from animate_cli.faces.patch_landmarks.refine import patch_of
from animate_cli.records import Crop, Image, Points
from animate_cli.train.recipe import DataRecipe
from animate_cli.train.samples.samples import (
    Sample,
    TrainingClip,
    decode_jpeg,
    encode_jpeg,
    read_rows,
    read_samples,
)

ROOM = 1.7
PUPIL = 8  # place of the pupil in an eye's points
STORED_PX = 108  # side of a stored square: 64 pixels and a half of them about
RARE_PUPIL = 0.11  # eye widths off the eye's middle, from which a gaze is rare
RARE_GAP = 0.2  # eye-corner distances between the inner lips, from which a mouth is wide
PUPIL_BINS = (0.03, 0.07, 0.11, 0.15, 0.2)
GAP_BINS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True, kw_only=True, eq=False)
class PartSample:
    """One part of one face.

    jpeg: the stored square (STORED_PX, STORED_PX, 3); points (K, 2) in it, NaN where unlabelled;
    rarity: a bin, the higher the rarer.
    """

    jpeg: NDArray[np.uint8]
    points: Points
    identity: str
    kind: str
    rarity: int

    def pixels(self) -> Image:
        """(STORED_PX, STORED_PX, 3) uint8 RGB."""
        return decode_jpeg(self.jpeg)


def read_parts(recipe: DataRecipe, part: FacePart) -> Iterator[PartSample]:
    """A recipe's own eyes, if `part` is an eye, or mouths: of its clips and of its pictures.

    Raises:
        TrainError: there is no labelled data.
        DataError: a file is damaged.
    """
    for row in read_rows(recipe, "train"):
        if row.kind == "clip":
            yield from _of_clip(row, part, recipe.clip_stride)
        elif (points := label_of(row.path)) is not None:
            pixels = read_picture(row.path)
            yield from cut_parts(pixels, points, part, identity=row.identity, kind=row.kind)


def parts_of(samples: Iterable[Sample], part: FacePart) -> Iterator[PartSample]:
    """The eyes or mouths of pictures that are held in memory."""
    for sample in samples:
        yield from cut_parts(
            sample.pixels(), sample.points, part, identity=sample.identity, kind=sample.kind
        )


def cut_parts(
    pixels: Image, points: Points, part: FacePart, *, identity: str, kind: str
) -> Iterator[PartSample]:
    """Both eyes, if `part` is an eye, or the mouth of one labelled face (74, 2)."""
    for one in (FacePart.MOUTH,) if part is FacePart.MOUTH else EYES:
        crop = _wide(patch_square(points, one, STORED_PX))
        where = to_crop(points[list(POINTS_OF[one])], crop)
        if not np.isfinite(crop.crop_to_frame).all():
            continue
        if one is FacePart.LEFT_EYE:
            where = np.asarray(where * (-1, 1) + (STORED_PX - 1, 0), np.float32)
        yield PartSample(
            jpeg=encode_jpeg(patch_of(pixels, crop, one)),
            points=where,
            identity=identity,
            kind=kind,
            rarity=rarity(points, one),
        )


def rarity(points: Points, part: FacePart) -> int:
    """The bin of a face (74, 2) by how far a pupil is off its eye's middle, or the mouth open."""
    if part is FacePart.MOUTH:
        corners = np.linalg.norm(points[45] - points[36])
        return int(np.digitize(np.linalg.norm(points[62] - points[66]) / corners, GAP_BINS))
    eye = points[list(POINTS_OF[part])]
    return int(np.digitize(abs(pupil_across(eye)), PUPIL_BINS))


def pupil_across(eye: Points) -> float:
    """How far a pupil is off the middle of its eye's corners, along them, in eye widths.

    eye (9, 2): an eye's points in the order of `POINTS_OF`.
    """
    inner, outer, pupil = eye[3], eye[0], eye[PUPIL]
    across = inner - outer
    return float((pupil - (inner + outer) / 2) @ across / max(float(across @ across), 1e-6))


def _of_clip(row: TrainingClip, part: FacePart, stride: int) -> Iterator[PartSample]:
    for index, sample in enumerate(read_samples([row], 1)):
        found = parts_of([sample], part)
        if index % stride == 0:
            yield from found
        elif _is_rare(sample.points, part):
            yield from (replace(one, kind="rare") for one in found)


def _is_rare(points: Points, part: FacePart) -> bool:
    if part is FacePart.MOUTH:
        return rarity(points, part) >= GAP_BINS.index(RARE_GAP) + 1
    return max(rarity(points, eye) for eye in EYES) >= PUPIL_BINS.index(RARE_PUPIL) + 1


def _wide(crop: Crop) -> Crop:
    """The crop with `ROOM` about it, of as many pixels."""
    matrix = crop.crop_to_frame
    linear = matrix[:, :2] * ROOM
    middle = np.full(2, (crop.size - 1) / 2)
    offset = matrix[:, :2] @ middle + matrix[:, 2] - linear @ middle
    return Crop(crop_to_frame=np.hstack((linear, offset[:, None])), size=crop.size)
