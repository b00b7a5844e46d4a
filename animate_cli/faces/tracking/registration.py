"""Points registered with what was seen before: the same spot of a face in every frame.

What a landmark network calls a point wanders over the face as the head turns and the mouth moves,
and a photo moved by such points is bent by the difference. So the first frame of a shot in which
the face is seen is kept as the reference, and the patch about each of its points is looked for in
every other frame, near where the network says (Lucas & Kanade 1981, in the inverse-compositional
form of Baker & Matthews 2004; Dong et al. 2018, *Supervision-by-Registration*, train by it):

    Σₖ Σₙ wₙ (I(xₖ + oₙ + pₖ) - Tₖₙ)² + λ Σₖ |pₖ|² + μ Σₖₗ cₖₗ |pₖ - pₗ|²   least over p

    symbol | name      | shape        | where
    T      | templates | (74, N)      | `_RegistrationReference`: patches about the points, grey
    I      | view      | (S, S)       | the frame through the affine map that brings its points x
           |           |              | nearest to the reference's, in the reference's light
    p      | shift     | (74, 2)      | pixels of the view: what is added to what the network saw
    λ, μ   | STAYS, ALIKE |           | nothing moves without a reason, neighbours move correlations
    c      | -         | (74, 74)     | how near two points are in the reference

Where patches do not correlate afterwards, or those about them do not (heads that turned, hands and
hair before a face), points stay where the network saw them. Lids go with the corners of their eye:
between them the iris moves by itself, and a shut lid does not look like an open one. Facing points
of lips move together, so that how far a mouth is open stays what the network says. Nothing drifts:
no frame is held against the one before it. And since the network errs slowly, while the patches'
own errors tremble, one frame in every `pace.EVERY_S` is enough, and shifts are averaged over time
(`smooth_registration`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import cut as cut_out
from animate_cli.faces.crop import to_crop
from animate_cli.faces.landmarks.inference import upright_square
from animate_cli.faces.points import (
    EYE_CORNERS,
    FACING_LIPS,
    LEFT_EYE,
    LEFT_LIDS,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.faces.tracking.patches import (
    NOISE,
    WEIGHTS,
    correlation,
    nearness,
    patches_about,
    trust_in,
)
from animate_cli.faces.tracking.reference_frames import ReferenceComparator
from animate_cli.faces.tracking.smooth import runs
from animate_cli.records import LANDMARKS, Crop, Image, Points

SIZE = 160  # pixels of the view: a face is some 107
STAYS, ALIKE = 3e-5, 1e-5
NEAR_PX = 10.0  # σ of c
ABOUT_PX = 20.0  # σ of the neighbourhood in which patches should correlate
ENOUGH = 2 / 3  # ... and this share of it is enough
MOST_PX = 5.0  # beyond, it is something else
BELIEVED = (0.7, 0.9)  # correlation of patches: below the first not at all, above the second wholly
SAME_LIGHT, SAME_CONTRAST = 0.015, 1.07  # differences of grey, ratios: within, no other light
CALM_S = 0.15  # half the window of `smooth_registration`
ITERATIONS = 4  # more would fit the pictures better and the motion worse

_FACING = np.array(FACING_LIPS)
_LIDS = tuple(
    (list(corners), [k for k in eye if k not in corners])
    for corners, eye in zip(
        EYE_CORNERS, (RIGHT_EYE + RIGHT_LIDS, LEFT_EYE + LEFT_LIDS), strict=True
    )
)
Array = NDArray[np.float32]


class PointRegistration(ReferenceComparator["_RegistrationReference"]):
    """What is added to points (74, 2) so that they lie on the spots of the first frame's, pixels of
    the frame."""

    def __init__(self) -> None:
        super().__init__(LANDMARKS, _remember, _added)


def smooth_registration(
    shifts: NDArray[np.floating],
    found: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    times_s: Sequence[Fraction],
) -> Iterator[tuple[int, Array]]:
    """Each frame's shift (K, 2), averaged over `CALM_S` before and after it, with its number.

    shifts (T, K, 2), NaN where unknown; found, cut (T,): frames without a face have none, and none
    is averaged over them or a cut. Where none is known so near, it is 0.
    """
    times = np.array([float(t) for t in times_s])
    for run in runs(found, cut):
        inside = times[run]
        for k, time in enumerate(inside):
            first, after = np.searchsorted(inside, (time - CALM_S, time + CALM_S))
            near = shifts[run][first:after].astype(np.float32)
            is_known = np.isfinite(near[:, 0, 0])
            away = (inside[first:after][is_known] - time) / CALM_S
            weight = ((1 - np.abs(away) ** 3) ** 3).astype(np.float32)
            yield run.start + k, np.tensordot(weight, near[is_known], 1) / max(weight.sum(), 1e-9)


@dataclass(frozen=True, kw_only=True, eq=False)
class _RegistrationReference:
    """A face as it was first seen.

    points (74, 2) in its view; templates (74, N); slopes (74, 2, N): w ∇T; resists (148, 148): the
    hessian of λ and μ; inverse (148, 148): of the whole hessian; about (74, 74): rows of sum 1.
    """

    points: Points
    templates: Array
    slopes: Array
    resists: Array
    inverse: Array
    about: Array


def _remember(frame: Image, points: Points) -> _RegistrationReference:
    crop = upright_square(points, SIZE)
    view, seen = _view(frame, crop), to_crop(points, crop)
    across, down = (cv2.Sobel(view, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
    slopes = np.stack((patches_about(across, seen), patches_about(down, seen)), axis=1)  # type: ignore[arg-type]
    weighted = slopes * WEIGHTS
    resists = _resistance(seen)
    hessian = resists.copy()
    for k, own in enumerate(weighted @ slopes.transpose(0, 2, 1)):
        hessian[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] += own
    return _RegistrationReference(
        points=seen,
        templates=patches_about(view, seen),
        slopes=weighted,
        resists=resists.astype(np.float32),
        inverse=np.linalg.inv(hessian).astype(np.float32),
        about=_neighbourhoods(seen),
    )


def _resistance(points: Points) -> NDArray[np.float64]:
    """The hessian of λ Σ |p|² + μ Σ c |p - p'|² about points (74, 2): (148, 148)."""
    near = nearness(points, NEAR_PX)
    laplacian = np.diag(near.sum(axis=1)) - near
    return np.asarray(np.kron(STAYS * np.eye(len(points)) + ALIKE * laplacian, np.eye(2)))


def _neighbourhoods(points: Points) -> Array:
    """Weights of the points (74, 2) about each: (74, 74), rows of sum 1."""
    near = nearness(points, ABOUT_PX)
    return np.asarray(near / near.sum(axis=1, keepdims=True), np.float32)


def _aligned(reference: Points, points: Points) -> Crop:
    """The affine view in which points (74, 2) of a frame lie nearest to the reference's."""
    homogeneous = np.column_stack((reference.astype(np.float64), np.ones(len(reference))))
    solution = np.linalg.lstsq(homogeneous, points.astype(np.float64), rcond=None)[0]
    return Crop(crop_to_frame=np.asarray(solution.T, np.float64), size=SIZE)


def _view(frame: Image, crop: Crop) -> Array:
    """(SIZE, SIZE) grey in [0, 1]"""
    return cv2.cvtColor(cut_out(frame, crop), cv2.COLOR_RGB2GRAY) * np.float32(1 / 255)


def _added(reference: _RegistrationReference, frame: Image, points: Points) -> Points:
    """What is added to the points (74, 2) seen in a frame, in its pixels."""
    crop = _aligned(reference.points, points)
    linear = crop.crop_to_frame[:, :2].astype(np.float32)
    return _shift(reference, _view(frame, crop), to_crop(points, crop)) @ linear.T


def _shift(reference: _RegistrationReference, view: Array, seen: Points) -> Array:
    """What is added to the points (74, 2) seen in a view."""
    templates = reference.templates
    gain, bias = _light(templates, patches_about(view, seen))
    shift = np.zeros(2 * LANDMARKS, np.float32)
    for _ in range(ITERATIONS):
        patches = gain * patches_about(view, seen + shift.reshape(-1, 2)) + bias
        error = (templates - patches)[..., None]
        pull = (reference.slopes @ error).ravel() - reference.resists @ shift
        shift += reference.inverse @ pull
    found = _limited(shift.reshape(-1, 2))
    trust = trust_in(correlation(templates, patches), BELIEVED)
    found *= (trust * np.minimum(1, reference.about @ trust / ENOUGH))[:, None]
    found[_FACING] = found[_FACING].mean(axis=1, keepdims=True)
    for corners, lids in _LIDS:
        found[lids] = found[corners].mean(axis=0)
    return found


def _light(templates: Array, patches: Array) -> tuple[float, float]:
    """Gain and bias that bring patches (74, N) into the templates' light, by spread and mean.

    What differs less than `SAME_LIGHT` is left to the shift, which explains it as a rule.
    """
    own, other = float(patches.mean()), float(templates.mean())
    spread = max(float(templates.std()), NOISE) / max(float(patches.std()), NOISE)
    gain = math.exp(_beyond(math.log(spread), math.log(SAME_CONTRAST)))
    return gain, own + _beyond(other - own, SAME_LIGHT) - gain * own


def _beyond(value: float, dead: float) -> float:
    """By how much a value passes +- dead."""
    return math.copysign(max(abs(value) - dead, 0), value)


def _limited(shift: Array) -> Array:
    """Vectors (74, 2), none longer than `MOST_PX`."""
    length = np.linalg.norm(shift, axis=1, keepdims=True)
    return np.asarray(shift * np.minimum(1, MOST_PX / np.maximum(length, 1e-6)))
