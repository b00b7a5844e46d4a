"""Portraits rendered in other poses, which add people to those of the clips.

A portrait becomes a short clip. A face parser (`faces.segmentation.face_parsing`) divides it into
three layers: background, body and head. The head turns in three dimensions by its depth
(`train.samples.portrait_depth`), the neck bends, the body follows a little, and the areas that a
layer uncovers are inpainted from their surroundings.

    symbol | name     | shape        | here
    z      | depth    | (S, S)       | `train.samples.portrait_depth`: px towards the viewer
    D      | moved    | (S, S, 2)    | `_head_motion`, `_body_motion`: where a source pixel goes
    b      | backward | (S, S, 2)    | `_inverted`: b + D(b) = y, by fixed-point iteration

Expressions do not change, so these clips are no training data for lids and lips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.data.pictures import label_of, read_picture
from animate_cli.faces.crop import cut, points_box, square, to_crop
from animate_cli.faces.points import CHIN, OUTER_EYE_CORNERS
from animate_cli.faces.segmentation.face_parsing import Labels
from animate_cli.faces.shape3d.model import ShapeModel, load_shape_model, rotation
from animate_cli.records import Image, Points
from animate_cli.train.samples.inpaint_holes import dilate, inpaint_holes
from animate_cli.train.samples.pairs import ClipFrames, Rng
from animate_cli.train.samples.portrait_depth import eye_distance_px, portrait_depth
from animate_cli.train.samples.samples import TrainingClip, encode_jpeg

SIZE = 256
_AROUND = 32  # pixels beyond each edge that are kept, because a turn may bring them into view
_HEAD = (*range(1, 14), 17, 18)  # skin, features, ears, hair, hat
_BODY = (14, 15, 16)  # neck, necklace, cloth
_MARGIN = (2.3, 3.2)  # side of the square over the longer side of the points' box
_TURN_DEG = (8.0, 5.0, 4.0)  # standard deviations of yaw, pitch, roll
_MOST_DEG = (22.0, 14.0, 12.0)
_PIVOT = (0.7, -0.8)  # of the turn: below the eyes and behind them, in eye distances
_EDGE_PX = 1.2
_INVERTING = 8  # fixed-point iterations

Field = NDArray[np.float32]
Parses = Callable[[Image], Labels]


@dataclass(frozen=True, kw_only=True)
class PortraitPose:
    """A random pose. turn_deg (3,): yaw, pitch, roll; scale: of the head; shift (2,): in sides of
    the square; body: the share of the shift that the body takes part in."""

    turn_deg: NDArray[np.float64]
    scale: float
    shift: NDArray[np.float64]
    body: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SegmentedPortrait:
    """A portrait in layers: pixels (S, S, 3), points (74, 2) px, depth z (S, S) px, and the
    layers' colours (S, S, 3) and alphas (S, S) from the background up."""

    pixels: Image
    points: Points
    depth: Field
    background: Image
    body: Image
    body_share: Field
    head_share: Field


def read_reposed(
    rows: list[TrainingClip], parser: Parses, *, frames: int, rng: Rng
) -> Iterator[ClipFrames]:
    """Every labelled portrait among the rows as a clip of `frames` frames, unchanged in the first.

    Cost: about a second a portrait, most of it for the parser.
    """
    model = load_shape_model()
    for row in rows:
        points = label_of(row.path) if row.kind == "image" else None
        if points is None:
            continue
        still = segment_portrait(*_framed(read_picture(row.path), points, rng), parser, model)
        poses = [_pose(rng) for _ in range(frames - 1)]
        shown = [(still.pixels, still.points), *(repose(still, pose) for pose in poses)]
        yield ClipFrames(
            jpegs=tuple(encode_jpeg(_inner(pixels)) for pixels, _ in shown),
            points=np.stack([where - _AROUND for _, where in shown]).astype(np.float32),
            identity=row.identity,
        )


def segment_portrait(
    pixels: Image, points: Points, parser: Parses, model: ShapeModel
) -> SegmentedPortrait:
    """A square (S, S, 3) and its landmarks (74, 2) px -> its layers."""
    labels = parser(pixels)
    is_head, is_body = np.isin(labels, _HEAD), np.isin(labels, _BODY)
    behind = dilate(is_head, 7)
    neck = is_body | (is_head & (dilate(is_body, 31) > 0))
    return SegmentedPortrait(
        pixels=pixels,
        points=points,
        depth=portrait_depth(points, len(pixels), model),
        background=inpaint_holes(pixels, np.maximum(behind, is_body).astype(np.uint8)),
        body=inpaint_holes(pixels, behind),
        body_share=_soft(neck),
        head_share=_soft(is_head),
    )


def repose(still: SegmentedPortrait, pose: PortraitPose) -> tuple[Image, Points]:
    """The portrait in another pose: pixels (S, S, 3), landmarks (74, 2) px."""
    head_motion = _head_motion(still, pose)
    body_motion = _body_motion(still, pose, head_motion)
    low = _below_chin(still)[..., None]  # hair on the shoulders stays with them
    head_motion = head_motion * (1 - 0.7 * low) + body_motion * 0.7 * low
    seen = still.background.astype(np.float32)
    for pixels, share, motion in (
        (still.body, still.body_share, body_motion),
        (still.pixels, still.head_share, head_motion),
    ):
        backward = _inverted(motion)
        alpha = _read(share, backward)[..., None]
        seen += alpha * (_read(pixels.astype(np.float32), backward) - seen)
    at = still.points.astype(np.float32)[None]
    points = still.points + _read(head_motion, at)[0]
    return seen.round().clip(0, 255).astype(np.uint8), points.astype(np.float32)


def _inner(pixels: Image) -> Image:
    """The picture without the border from which turned poses take pixels."""
    return np.ascontiguousarray(pixels[_AROUND:-_AROUND, _AROUND:-_AROUND])


def _framed(pixels: Image, points: Points, rng: Rng) -> tuple[Image, Points]:
    """The face's square, wider than that of clips, inside the picture."""
    x0, y0, x1, y1 = points_box(points)
    height, width = pixels.shape[:2]
    side = min(rng.uniform(*_MARGIN) * max(x1 - x0, y1 - y0), height, width)
    middle = np.array(((x0 + x1) / 2, (y0 + y1) / 2 - rng.uniform(0, 0.12) * side))
    low = np.full(2, (side - 1) / 2)
    centre = np.clip(middle, low, np.array((width, height)) - 1 - low)
    crop = square((float(centre[0]), float(centre[1])), side, SIZE + 2 * _AROUND)
    return cut(pixels, crop), to_crop(points, crop)


def _pose(rng: Rng) -> PortraitPose:
    turn = np.clip(rng.normal(0, _TURN_DEG), np.negative(_MOST_DEG), _MOST_DEG)
    return PortraitPose(
        turn_deg=turn,
        scale=float(np.exp(rng.normal(0, 0.03))),
        shift=rng.normal(0, 0.03, 2),
        body=float(rng.uniform(0, 0.6)),
    )


def _head_motion(still: SegmentedPortrait, pose: PortraitPose) -> Field:
    """The displacement of each pixel by the head's turn: (S, S, 2) px."""
    eyes, middle = eye_distance_px(still.points), still.points[list(OUTER_EYE_CORNERS)].mean(axis=0)
    pivot = np.array((middle[0], middle[1] + _PIVOT[0] * eyes, _PIVOT[1] * eyes))
    at = np.dstack((_pixels(still.pixels), still.depth)) - pivot
    turn = rotation(torch.from_numpy(pose.turn_deg)[None])[0].numpy()
    turned = pose.scale * at @ turn.T
    moved: Field = (turned - at)[..., :2] + pose.shift * len(still.pixels)
    return moved.astype(np.float32)


def _body_motion(still: SegmentedPortrait, pose: PortraitPose, head_motion: Field) -> Field:
    """The displacement of each pixel by the body: (S, S, 2) px.

    Shoulders follow the head a little; along the neck the motion goes from the chin's to theirs.
    """
    x, y = still.points[CHIN].clip(0, len(still.pixels) - 1).astype(int)
    follows = pose.body * pose.shift * len(still.pixels)
    share = _below_chin(still)[..., None]
    moved: Field = head_motion[y, x] * (1 - share) + follows * share
    return moved.astype(np.float32)


def _below_chin(still: SegmentedPortrait) -> Field:
    """0 down to the chin, 1 from an eye distance below it, smooth between: (S, S)."""
    eyes = eye_distance_px(still.points)
    below = (_pixels(still.pixels)[..., 1] - still.points[CHIN, 1]) / eyes
    share = np.clip(below, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _inverted(motion: Field) -> Field:
    """The source position of each pixel of the result: (S, S, 2) px."""
    here = _pixels(motion)
    there = here
    for _ in range(_INVERTING):
        there = np.asarray(here - _read(motion, there), np.float32)
    return there


def _read(values: NDArray[np.float32], at: Field) -> NDArray[np.float32]:
    """values (S, S) or (S, S, C) at positions (h, w, 2) px, bilinear."""
    read = cv2.remap(values, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(read, np.float32)


def _soft(mask: NDArray[np.bool_]) -> Field:
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _EDGE_PX)  # type: ignore[return-value]


def _pixels(like: NDArray[np.generic]) -> Field:
    """The position of every pixel: (S, S, 2) px."""
    rows, columns = np.indices(like.shape[:2], np.float32)
    return np.dstack((columns, rows))
