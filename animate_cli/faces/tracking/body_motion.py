"""Neck, shoulders and hair: how they move beyond what the head's motion makes of them.

Landmarks cover the face alone, and `faces.shape3d.rigid_head` carries what is about it along by a
rule. People breathe, shrug and lean, and their hair swings. So the first frame of a shot in which
the face is seen is kept as the reference, as in `faces.tracking.registration`, and dense inverse
search (Kroeger et al. 2016, *Fast Optical Flow using Dense Inverse Search*, OpenCV's
`DISOpticalFlow`) finds it again in some ten frames a second:

    m = (d − f ⊙ (C − C₀) X) / s                         what is seen beyond the rule
    n = t ⊙ m + (1 − t) ⊙ N(t ⊙ m) / (N t + ALONE)       or what its neighbours do
    b = n (1 + (|n| / l)⁴)^-¼                            and not too far

    symbol | name     | shape        | where
    b      | body     | (26, 2)      | the result: units of the head, 0 where the rule holds
    X      | BODY_XYZ | (26, 3)      | `faces.shape3d.rigid_head`: on neck, shoulders, brow, hair
    C₀, C  | cameras  | (2, 4)       | of the reference's landmarks and the frame's
    f      | BODY_FOLLOWS | (26,)    | the rule: how much of the head's motion each place takes
    d      | displacement | (26, 2)  | where the flow takes it, frame pixels
    t      | trust    | (26,)        | 0 where it leaves the frame, or patches no longer correlate
    N      | -        | (26, 26)     | how near two places are
    s      | scale    | -            | pixels per unit of the head, in the reference
    l      | MOST     | (26,)        | hair swings less far than shoulders go

What is not seen, or covered by a hand, goes as what is about it. Nothing here depends on where a
face is or how large: a portrait takes b as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from animate_cli.faces.crop import points_box, rescale, to_crop, to_frame
from animate_cli.faces.shape3d import rigid_head as head
from animate_cli.faces.tracking.patches import correlation, nearness, patches_about, trust_in
from animate_cli.faces.tracking.reference_frames import ReferenceComparator
from animate_cli.records import BODY, Crop, Image, Points

SIZE = 128  # pixels of the view
MARGIN = 2.6  # its side / longer side of the points' box
STAYS = 1 / 8  # of its side: what a face strays farther, the view follows
ITERATIONS, STRIDE = 12, 4  # of the search: half the preset's steps, patches a pixel farther apart
SMOOTH_PX = 5  # of the flow
BELIEVED = (0.5, 0.8)  # correlation of patches: below the first not at all, above the second wholly
MOST, MOST_HAIR = 0.8, 0.12  # farther, it is something else that is seen
ABOUT = 0.5  # σ of the neighbourhood of places
ALONE = 0.5  # trust in the rule where neighbours are not trusted either

_FOLLOWS = np.array(head.BODY_FOLLOWS, np.float32)[:, None]
_MOST = np.where(_FOLLOWS < 1, MOST, MOST_HAIR)
_NEAR = nearness(np.array(head.BODY_XYZ)[:, :2], ABOUT).astype(np.float32)

Array = NDArray[np.float32]


class BodyFlow(ReferenceComparator["_BodyReference"]):
    """What the body did since the first frame: b (26, 2)."""

    def __init__(self) -> None:
        super().__init__(BODY, _remember, _moved)


def body_between(before: Image, after: Image, before_px: Points, after_px: Points) -> Points:
    """b (26, 2) of one picture (H, W, 3) against another, from their landmarks (74, 2)."""
    return _moved(_remember(before, before_px), after, after_px)


@dataclass(frozen=True, kw_only=True, eq=False)
class _BodyReference:
    """A person as first seen.

    points (74, 2), body (26, 2) in frame pixels; scale: of them per unit of the head; crop: of the
    view (SIZE, SIZE) uint8 grey; templates (26, N): its patches about the body.
    """

    points: Points
    body: Points
    scale: float
    crop: Crop
    view: NDArray[np.uint8]
    templates: Array


def _remember(frame: Image, points: Points) -> _BodyReference:
    crop = _about(points)
    view = _view(frame, crop)
    camera = _camera(points)
    body = _body(camera)
    return _BodyReference(
        points=points,
        body=body,
        scale=max(float(head.scale(camera)), 1e-6),
        crop=crop,
        view=view,
        templates=patches_about(_light(view), to_crop(body, crop)),
    )


def _moved(reference: _BodyReference, frame: Image, points: Points) -> Points:
    """b (26, 2) of a frame (H, W, 3) with its landmarks (74, 2)."""
    crop = _following(reference.crop, points.mean(axis=0) - reference.points.mean(axis=0))
    view = _view(frame, crop)
    here = to_crop(reference.body, reference.crop)
    there = here + _at(_flow(reference.view, view), here)
    reached = to_frame(there, crop)
    correlations = correlation(reference.templates, patches_about(_light(view), there), flat=1)
    trust = trust_in(correlations, BELIEVED)
    trust *= _shows(view, here) & _shows(view, there)
    trust *= _shows(frame, reference.body) & _shows(frame, reached)
    ruled = _FOLLOWS * (_body(_camera(points)) - reference.body)
    beyond = _filled((reached - reference.body - ruled) / reference.scale, trust)
    length = np.linalg.norm(beyond, axis=1, keepdims=True)
    return np.asarray(beyond * (1 + (length / _MOST) ** 4) ** -0.25, np.float32)


def _filled(moved: Array, trust: Array) -> Array:
    """Vectors (26, 2) as far as they are trusted (26,); the rest as those about them."""
    known = _NEAR @ trust
    about = (_NEAR @ (trust[:, None] * moved)) / (known + ALONE)[:, None]
    return np.asarray(about + trust[:, None] * (moved - about), np.float32)


def _about(points: Points) -> Crop:
    """The square about landmarks (74, 2) that has the body in it, of whole frame pixels."""
    x0, y0, x1, y1 = points_box(points)
    side = max(round(MARGIN * max(x1 - x0, y1 - y0)), 2)
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    whole = Crop(crop_to_frame=np.array([[1.0, 0.0, left], [0.0, 1.0, top]]), size=side)
    return rescale(whole, SIZE)


def _following(crop: Crop, strayed: NDArray[np.floating]) -> Crop:
    """A view moved by what a face strayed (2,) beyond `STAYS`, whole frame pixels."""
    most = STAYS * SIZE * crop.crop_to_frame[0, 0]
    moved = crop.crop_to_frame.copy()
    moved[:, 2] += np.rint(strayed - np.clip(strayed, -most, most))
    return Crop(crop_to_frame=moved, size=crop.size)


def _view(frame: Image, crop: Crop) -> NDArray[np.uint8]:
    """(SIZE, SIZE) uint8 grey: the mean of all pixels, the frame's edges repeated."""
    side = round(SIZE * float(crop.crop_to_frame[0, 0]))
    starts = np.rint(rescale(crop, side).crop_to_frame[:, 2]).astype(int).tolist()
    (x0, x1, left, right), (y0, y1, top, bottom) = (
        _span(start, side, extent) for start, extent in zip(starts, frame.shape[1::-1], strict=True)
    )
    grey = cv2.cvtColor(frame[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    whole = cv2.copyMakeBorder(grey, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return cv2.resize(whole, (SIZE, SIZE), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _span(start: int, side: int, extent: int) -> tuple[int, int, int, int]:
    """`side` pixels from `start` on -> first and end of those that exist, of which there is one at
    least, and how many are lacking before and after."""
    first = min(max(start, 0), extent - 1)
    end = max(min(start + side, extent), first + 1)
    before = min(max(first - start, 0), side - 1)
    return first, end, before, max(side - before - (end - first), 0)


def _flow(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Array:
    """Where the pixels of a view go to in another: (SIZE, SIZE, 2), view pixels.

    In a third of the preset's time, as near the truth: with fewer steps, and without the refinement
    that makes it smoother, which a mean does as well.
    """
    searcher = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    searcher.setVariationalRefinementIterations(0)
    searcher.setGradientDescentIterations(ITERATIONS)
    searcher.setPatchStride(STRIDE)
    flow = searcher.calc(before, after, None)  # type: ignore[call-overload]
    return np.asarray(cv2.blur(flow, (SMOOTH_PX, SMOOTH_PX)), np.float32)


def _light(view: NDArray[np.uint8]) -> Array:
    return view * np.float32(1 / 255)


def _camera(points: Points) -> Tensor:
    """The camera that sees landmarks (74, 2): (1, 2, 4)."""
    return head.cameras(torch.from_numpy(points.astype(np.float32))[None], _fit())


def _body(camera: Tensor) -> Points:
    """Where a camera sees the body: (26, 2)."""
    return np.asarray(head.outline(camera, head.BODY_XYZ)[0].numpy(), np.float32)


@cache
def _fit() -> Tensor:
    return head.camera_fit("cpu")


def _at(field: NDArray[np.floating], points: Points) -> Array:
    """A field (SIZE, SIZE, 2) at points (K, 2): (K, 2)."""
    x, y = (np.ascontiguousarray(points[:, [k]], np.float32) for k in (0, 1))
    found = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[:, 0], np.float32)


def _shows(picture: Image, points: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether a picture (H, W, ...) holds points (K, 2): (K,)."""
    size = np.array(picture.shape[1::-1])
    return np.asarray(((points >= 0) & (points <= size - 1)).all(axis=1))
