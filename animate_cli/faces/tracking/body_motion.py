"""Measure how neck, shoulders and hair move in addition to the motion of the head.

Landmarks cover the face alone. `faces.shape3d.rigid_head` moves the places around it by a rule:
each takes a fixed share of the head's motion. Breathing, shrugs and swinging hair depart from it.
The first found frame of a shot is the reference, as in `faces.tracking.registration`; dense inverse
search (Kroeger et al. 2016, *Fast Optical Flow using Dense Inverse Search*, OpenCV's
`DISOpticalFlow`) measures the displacement of the places in about ten frames per second:

    m = (d − f ⊙ (C − C₀) X) / s                             measured minus rule
    n = t ⊙ m + (1 − t) ⊙ N(t ⊙ m) / (N t + RULE_WEIGHT)     untrusted places take the neighbours' m
    b = n (1 + (|n| / l)⁴)^-¼                                limited in length

    symbol | name     | shape        | where
    b      | body     | (26, 2)      | the result in units of the head, 0 where the rule holds
    X      | BODY_XYZ | (26, 3)      | `faces.shape3d.rigid_head`: on neck, shoulders, brow, hair
    C₀, C  | cameras  | (2, 4)       | affine cameras of the reference's and the frame's landmarks
    f      | BODY_FOLLOWS | (26,)    | the rule: each place's share of the head's motion
    d      | displacement | (26, 2)  | by optical flow, frame pixels
    t      | trust    | (26,)        | 0 if a place leaves the frame or its patch differs
    N      | nearness | (26, 26)     | Gaussian of the distance of two places
    s      | scale    | -            | pixels per unit of the head, in the reference
    l      | LIMIT, HAIR_LIMIT | (26,) | longest motion; shorter for hair than for shoulders

The result does not depend on place or size of the face, so it applies to any portrait as it is.
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
from animate_cli.faces.shape3d import rigid_head
from animate_cli.faces.tracking.patches import correlation, nearness, patches_about, trust_in
from animate_cli.faces.tracking.reference_frames import ReferenceComparator
from animate_cli.records import BODY, Crop, Image, Points

SIZE = 128  # pixels of the view's side
MARGIN = 2.6  # its side / longer side of the points' box
MAX_OFFSET = 1 / 8  # of its side; a view moves along with a face that moves farther
ITERATIONS, STRIDE = 12, 4  # of the search; the preset's are 25 and 3
SMOOTH_PX = 5  # side of the box filter over the flow
TRUST_LIMITS = (0.5, 0.8)  # correlations of a patch from which trust is above 0, and 1
LIMIT, HAIR_LIMIT = 0.8, 0.12  # l, in units of the head
ABOUT = 0.5  # σ of N, in units of the head
RULE_WEIGHT = 0.5  # of the rule, m = 0, against that of the neighbours

_FOLLOWS = np.array(rigid_head.BODY_FOLLOWS, np.float32)[:, None]
_LIMITS = np.where(_FOLLOWS < 1, LIMIT, HAIR_LIMIT)
_NEAR = nearness(np.array(rigid_head.BODY_XYZ)[:, :2], ABOUT).astype(np.float32)

Array = NDArray[np.float32]


class BodyFlow(ReferenceComparator["_BodyReference"]):
    """b (26, 2) of each frame that is due, since the first frame of its shot."""

    def __init__(self) -> None:
        super().__init__(BODY, _make_reference, _displacement)


def body_between(before: Image, after: Image, before_px: Points, after_px: Points) -> Points:
    """b (26, 2) from one picture (H, W, 3) to another, by their landmarks (74, 2) in pixels."""
    return _displacement(_make_reference(before, before_px), after, after_px)


@dataclass(frozen=True, kw_only=True, eq=False)
class _BodyReference:
    """A person in the first frame of a shot.

    points (74, 2), body (26, 2) in frame pixels; scale: frame pixels per unit of the head; crop: of
    the view; view (SIZE, SIZE) uint8 grey; templates (26, N): its patches about the body.
    """

    points: Points
    body: Points
    scale: float
    crop: Crop
    view: NDArray[np.uint8]
    templates: Array


def _make_reference(frame: Image, points: Points) -> _BodyReference:
    crop = _square_about(points)
    view = _view(frame, crop)
    camera = _camera_of(points)
    body = _body_places(camera)
    return _BodyReference(
        points=points,
        body=body,
        scale=max(float(rigid_head.scale(camera)), 1e-6),
        crop=crop,
        view=view,
        templates=patches_about(_to_float(view), to_crop(body, crop)),
    )


def _displacement(reference: _BodyReference, frame: Image, points: Points) -> Points:
    """b (26, 2) of a frame (H, W, 3) with its landmarks (74, 2)."""
    crop = _moved_view(reference.crop, points.mean(axis=0) - reference.points.mean(axis=0))
    view = _view(frame, crop)
    here = to_crop(reference.body, reference.crop)
    there = here + _sample(_flow(reference.view, view), here)
    reached = to_frame(there, crop)
    correlations = correlation(reference.templates, patches_about(_to_float(view), there), flat=1)
    trust = trust_in(correlations, TRUST_LIMITS)
    trust *= _contains(view, here) & _contains(view, there)
    trust *= _contains(frame, reference.body) & _contains(frame, reached)
    ruled = _FOLLOWS * (_body_places(_camera_of(points)) - reference.body)
    beyond = _fill_untrusted((reached - reference.body - ruled) / reference.scale, trust)
    length = np.linalg.norm(beyond, axis=1, keepdims=True)
    return np.asarray(beyond * (1 + (length / _LIMITS) ** 4) ** -0.25, np.float32)


def _fill_untrusted(moved: Array, trust: Array) -> Array:
    """n of the module's docstring: m (26, 2), t (26,) -> (26, 2)."""
    known = _NEAR @ trust
    about = (_NEAR @ (trust[:, None] * moved)) / (known + RULE_WEIGHT)[:, None]
    return np.asarray(about + trust[:, None] * (moved - about), np.float32)


def _square_about(points: Points) -> Crop:
    """The view about landmarks (74, 2) that contains the body, aligned to whole frame pixels."""
    x0, y0, x1, y1 = points_box(points)
    side = max(round(MARGIN * max(x1 - x0, y1 - y0)), 2)
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    whole = Crop(crop_to_frame=np.array([[1.0, 0.0, left], [0.0, 1.0, top]]), size=side)
    return rescale(whole, SIZE)


def _moved_view(crop: Crop, strayed: NDArray[np.floating]) -> Crop:
    """A view moved by the part of `strayed` (2,) beyond `MAX_OFFSET`, in whole frame pixels."""
    most = MAX_OFFSET * SIZE * crop.crop_to_frame[0, 0]
    moved = crop.crop_to_frame.copy()
    moved[:, 2] += np.rint(strayed - np.clip(strayed, -most, most))
    return Crop(crop_to_frame=moved, size=crop.size)


def _view(frame: Image, crop: Crop) -> NDArray[np.uint8]:
    """A view (SIZE, SIZE) uint8 grey, area-averaged; the frame's edges are repeated."""
    side = round(SIZE * float(crop.crop_to_frame[0, 0]))
    starts = np.rint(rescale(crop, side).crop_to_frame[:, 2]).astype(int).tolist()
    (x0, x1, left, right), (y0, y1, top, bottom) = (
        _span(start, side, extent) for start, extent in zip(starts, frame.shape[1::-1], strict=True)
    )
    grey = cv2.cvtColor(frame[y0:y1, x0:x1], cv2.COLOR_RGB2GRAY)
    whole = cv2.copyMakeBorder(grey, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return cv2.resize(whole, (SIZE, SIZE), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _span(start: int, side: int, extent: int) -> tuple[int, int, int, int]:
    """Clip the span of `side` pixels from `start` on to [0, extent).

    Returns first and end of the clipped span, which has at least one pixel, and the numbers of
    pixels cut off before and after it.
    """
    first = min(max(start, 0), extent - 1)
    end = max(min(start + side, extent), first + 1)
    before = min(max(first - start, 0), side - 1)
    return first, end, before, max(side - before - (end - first), 0)


def _flow(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Array:
    """Optical flow (SIZE, SIZE, 2) from one view to another, in view pixels.

    Fewer iterations than OpenCV's preset, and a box filter instead of its variational refinement:
    a third of the time at the same accuracy.
    """
    searcher = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    searcher.setVariationalRefinementIterations(0)
    searcher.setGradientDescentIterations(ITERATIONS)
    searcher.setPatchStride(STRIDE)
    flow = searcher.calc(before, after, None)  # type: ignore[call-overload]
    return np.asarray(cv2.blur(flow, (SMOOTH_PX, SMOOTH_PX)), np.float32)


def _to_float(view: NDArray[np.uint8]) -> Array:
    return view * np.float32(1 / 255)


def _camera_of(points: Points) -> Tensor:
    """The affine camera fitted to landmarks (74, 2): (1, 2, 4)."""
    return rigid_head.cameras(torch.from_numpy(points.astype(np.float32))[None], _camera_fit())


def _body_places(camera: Tensor) -> Points:
    """The body's places through a camera (1, 2, 4): (26, 2)."""
    return np.asarray(rigid_head.outline(camera, rigid_head.BODY_XYZ)[0].numpy(), np.float32)


@cache
def _camera_fit() -> Tensor:
    return rigid_head.camera_fit("cpu")


def _sample(field: NDArray[np.floating], points: Points) -> Array:
    """A field (SIZE, SIZE, 2) sampled at points (K, 2): (K, 2)."""
    x, y = (np.ascontiguousarray(points[:, [k]], np.float32) for k in (0, 1))
    found = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found[:, 0], np.float32)


def _contains(picture: Image, points: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Whether points (K, 2) lie in a picture (H, W, ...): (K,)."""
    size = np.array(picture.shape[1::-1])
    return np.asarray(((points >= 0) & (points <= size - 1)).all(axis=1))
