"""Register landmarks with the first frame of the shot, so that each stays on one spot of the face.

A landmark network's points drift over the face as the head turns and the mouth moves, and a photo
warped by them is distorted by this drift. The first found frame of a shot is the reference. In
later frames the patch about each of its points is searched near the network's landmark, by the
method of Lucas & Kanade (1981) in the inverse-compositional form of Baker & Matthews (2004), with
two penalties. (Supervision-by-Registration, Dong et al. 2018, trains networks with this method.)

    minimise over p   Σₖ Σₙ wₙ (I(xₖ + oₙ + pₖ) - Tₖₙ)² + λ Σₖ |pₖ|² + μ Σₖₗ cₖₗ |pₖ - pₗ|²

    symbol | name      | shape        | where
    T      | templates | (74, N)      | `_RegistrationReference`: grey patches about the points
    I      | view      | (S, S)       | the frame through the affine map that brings its points x
           |           |              | nearest to the reference's, with the reference's brightness
           |           |              | and contrast
    p      | shift     | (74, 2)      | view pixels, added to the network's landmarks
    w, o   | WEIGHTS   | (N,), (N, 2) | `patches`: weights and offsets of a patch's pixels
    λ      | ABSOLUTE_PENALTY | -     | keeps points at the network's landmarks
    μ      | RELATIVE_PENALTY | -     | moves neighbours together
    c      | nearness  | (74, 74)     | Gaussian of the distance of two points in the reference

A point keeps the network's landmark if its patch, or most patches around it, do not correlate with
the templates after the search: the head has turned, or a hand covers the face. Lids take the shift
of their eye's corners, because the iris moves between them and a shut lid does not match an open
one. The two points of a facing pair of the lips take the same shift, so that registration does not
change how far the mouth is open. There is no drift, as no frame is compared with its predecessor.
The network's error changes slowly while the patches' error is noise, so one frame every
`reference_frames.INTERVAL_S` is registered, and shifts are averaged over time
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

SIZE = 160  # S, pixels of the view's side; a face has about 107
ABSOLUTE_PENALTY, RELATIVE_PENALTY = 3e-5, 1e-5
NEAR_PX = 10.0  # σ of c
ABOUT_PX = 20.0  # σ of the neighbourhood whose patches must correlate as well
LEAST_TRUSTED = 2 / 3  # share of that neighbourhood from which its trust is full
MAX_SHIFT_PX = 5.0  # of the view; longer shifts are shortened to it
TRUST_LIMITS = (0.7, 0.9)  # correlations of a patch from which trust is above 0, and 1
SAME_LIGHT, SAME_CONTRAST = 0.015, 1.07  # difference of means, ratio: below, not corrected
HALF_WINDOW_S = 0.15  # of `smooth_registration`
ITERATIONS = 4  # more fit the pictures better and the true motion worse

_LIP_PAIRS = np.array(FACING_LIPS)
_LIDS = tuple(
    (list(corners), [k for k in eye if k not in corners])
    for corners, eye in zip(
        EYE_CORNERS, (RIGHT_EYE + RIGHT_LIDS, LEFT_EYE + LEFT_LIDS), strict=True
    )
)
Array = NDArray[np.float32]


class PointRegistration(ReferenceComparator["_RegistrationReference"]):
    """Shifts (74, 2), in frame pixels, that bring landmarks to the spots of the first frame's.

    Called as `ReferenceComparator`: NaN for frames that are not due.
    """

    def __init__(self) -> None:
        super().__init__(LANDMARKS, _make_reference, _frame_shift)


def smooth_registration(
    shifts: NDArray[np.floating],
    found: NDArray[np.bool_],
    cut: NDArray[np.bool_],
    times_s: Sequence[Fraction],
) -> Iterator[tuple[int, Array]]:
    """Number and shift (K, 2) of each found frame, averaged over ± `HALF_WINDOW_S`.

    shifts (T, K, 2), NaN where unknown; found, cut (T,): the face was found, a shot starts;
    times_s: T times. The average has tricube weights and stays within a run of found frames of one
    shot; it is 0 without a known shift in the window.
    """
    times = np.array([float(t) for t in times_s])
    for run in runs(found, cut):
        inside = times[run]
        for k, time in enumerate(inside):
            first, after = np.searchsorted(inside, (time - HALF_WINDOW_S, time + HALF_WINDOW_S))
            near = shifts[run][first:after].astype(np.float32)
            is_known = np.isfinite(near[:, 0, 0])
            away = (inside[first:after][is_known] - time) / HALF_WINDOW_S
            weight = ((1 - np.abs(away) ** 3) ** 3).astype(np.float32)
            yield run.start + k, np.tensordot(weight, near[is_known], 1) / max(weight.sum(), 1e-9)


@dataclass(frozen=True, kw_only=True, eq=False)
class _RegistrationReference:
    """A face in the first frame of its shot.

    points (74, 2) in view pixels; templates (74, N); slopes (74, 2, N): w ∇T; penalty (148, 148):
    Hessian of the penalties; inverse (148, 148): of the whole Hessian; about (74, 74): weights of
    each point's neighbourhood, rows of sum 1.
    """

    points: Points
    templates: Array
    slopes: Array
    penalty: Array
    inverse: Array
    about: Array


def _make_reference(frame: Image, points: Points) -> _RegistrationReference:
    crop = upright_square(points, SIZE)
    view, seen = _view(frame, crop), to_crop(points, crop)
    across, down = (cv2.Sobel(view, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
    slopes = np.stack((patches_about(across, seen), patches_about(down, seen)), axis=1)  # type: ignore[arg-type]
    weighted = slopes * WEIGHTS
    penalty = _penalty(seen)
    hessian = penalty.copy()
    for k, own in enumerate(weighted @ slopes.transpose(0, 2, 1)):
        hessian[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] += own
    return _RegistrationReference(
        points=seen,
        templates=patches_about(view, seen),
        slopes=weighted,
        penalty=penalty.astype(np.float32),
        inverse=np.linalg.inv(hessian).astype(np.float32),
        about=_neighbourhoods(seen),
    )


def _penalty(points: Points) -> NDArray[np.float64]:
    """Hessian of λ Σ |p|² + μ Σ c |p - p'|² for points (74, 2): (148, 148)."""
    near = nearness(points, NEAR_PX)
    laplacian = np.diag(near.sum(axis=1)) - near
    return np.asarray(
        np.kron(ABSOLUTE_PENALTY * np.eye(len(points)) + RELATIVE_PENALTY * laplacian, np.eye(2))
    )


def _neighbourhoods(points: Points) -> Array:
    """Weights of the neighbourhood of each of the points (74, 2): (74, 74), rows of sum 1."""
    near = nearness(points, ABOUT_PX)
    return np.asarray(near / near.sum(axis=1, keepdims=True), np.float32)


def _affine_view(reference: Points, points: Points) -> Crop:
    """The affine view in which points (74, 2) of a frame best fit the reference's (74, 2)."""
    homogeneous = np.column_stack((reference.astype(np.float64), np.ones(len(reference))))
    solution = np.linalg.lstsq(homogeneous, points.astype(np.float64), rcond=None)[0]
    return Crop(crop_to_frame=np.asarray(solution.T, np.float64), size=SIZE)


def _view(frame: Image, crop: Crop) -> Array:
    """A view (SIZE, SIZE), grey in [0, 1], of a frame (H, W, 3)."""
    return cv2.cvtColor(cut_out(frame, crop), cv2.COLOR_RGB2GRAY) * np.float32(1 / 255)


def _frame_shift(reference: _RegistrationReference, frame: Image, points: Points) -> Points:
    """Shifts (74, 2) of the landmarks (74, 2) of a frame (H, W, 3), in frame pixels."""
    crop = _affine_view(reference.points, points)
    linear = crop.crop_to_frame[:, :2].astype(np.float32)
    return _shift(reference, _view(frame, crop), to_crop(points, crop)) @ linear.T


def _shift(reference: _RegistrationReference, view: Array, seen: Points) -> Array:
    """Shifts p (74, 2) of the landmarks `seen` (74, 2) in a view, in view pixels."""
    templates = reference.templates
    gain, bias = _gain_and_bias(templates, patches_about(view, seen))
    shift = np.zeros(2 * LANDMARKS, np.float32)
    for _ in range(ITERATIONS):
        patches = gain * patches_about(view, seen + shift.reshape(-1, 2)) + bias
        error = (templates - patches)[..., None]
        pull = (reference.slopes @ error).ravel() - reference.penalty @ shift
        shift += reference.inverse @ pull
    found = _limited(shift.reshape(-1, 2))
    trust = trust_in(correlation(templates, patches), TRUST_LIMITS)
    found *= (trust * np.minimum(1, reference.about @ trust / LEAST_TRUSTED))[:, None]
    found[_LIP_PAIRS] = found[_LIP_PAIRS].mean(axis=1, keepdims=True)
    for corners, lids in _LIDS:
        found[lids] = found[corners].mean(axis=0)
    return found


def _gain_and_bias(templates: Array, patches: Array) -> tuple[float, float]:
    """Gain and bias that give patches (74, N) the templates' contrast and brightness.

    Differences within `SAME_LIGHT` and `SAME_CONTRAST` are not corrected: as a rule the shift of
    the patches causes them.
    """
    own, other = float(patches.mean()), float(templates.mean())
    spread = max(float(templates.std()), NOISE) / max(float(patches.std()), NOISE)
    gain = math.exp(_outside(math.log(spread), math.log(SAME_CONTRAST)))
    return gain, own + _outside(other - own, SAME_LIGHT) - gain * own


def _outside(value: float, dead: float) -> float:
    """The part of a value beyond ± dead."""
    return math.copysign(max(abs(value) - dead, 0), value)


def _limited(shift: Array) -> Array:
    """Vectors (74, 2), shortened to `MAX_SHIFT_PX` at most."""
    length = np.linalg.norm(shift, axis=1, keepdims=True)
    return np.asarray(shift * np.minimum(1, MAX_SHIFT_PX / np.maximum(length, 1e-6)))
