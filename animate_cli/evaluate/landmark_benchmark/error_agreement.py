"""Estimates a landmark network's own error, and how much of its labels' errors it repeats.

A network o was trained on labels l of an unknown truth; two other networks, a and b, on other
labels. If the errors of a and b are independent of each other and of those of l and o, the errors
follow from products of differences (the three-cornered hat method):

    symbol | name    | formula                             | mean of
    E²     | `error` | < o - a, o - b >                    | the network's error, squared
    C      | `copied`| < o - a, l - b > / < l - a, l - b > | (network's error · label's) / label's²

C is 1 if the network repeats its labels' errors, 0 if its errors are independent of them. Points
are compared in upright face coordinates, each minus its mean difference, because detectors define
points differently. The jaw is left out, because there the definitions differ with the head pose.
Errors that a and b share (both were trained on annotated contours) count as errors of l and o.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.landmarks.inference import roll_deg
from animate_cli.faces.landmarks.jitter import interocular_px
from animate_cli.faces.points import JAW
from animate_cli.records import LANDMARKS, Points

Array = NDArray[np.float64]
COMPARED = tuple(k for k in range(LANDMARKS) if k not in JAW)


@dataclass(frozen=True, kw_only=True, eq=False)
class ExternalPoints:
    """Points by one of the other networks. points: which of the 74 it gives; found
    (N, len(points), 2): where they are."""

    points: tuple[int, ...]
    found: Points


@dataclass(frozen=True, kw_only=True)
class ErrorAgreement:
    """error: E, in % of the distance between the outer eye corners; copied: C; points: how many of
    a face were compared."""

    error: float
    copied: float
    points: int


def error_agreement(
    found: Points,
    label: Points,
    external: tuple[ExternalPoints, ExternalPoints],
    known: Sequence[int],
) -> ErrorAgreement:
    """The agreement of a network's points with its labels' errors.

    found, label (N, 74, 2) in pixels; known: the points of the 74 that the network gives.
    """
    first, second = external
    shared = [k for k in COMPARED if all(k in p for p in (known, first.points, second.points))]
    o = _away(found[:, shared], label, shared)
    a = _away(first.found[:, [first.points.index(k) for k in shared]], label, shared)
    b = _away(second.found[:, [second.points.index(k) for k in shared]], label, shared)
    own, taught = _product(o - a, o - b), _product(a, b)
    mixed = -(_product(o - a, b) + _product(a, o - b)) / 2
    return ErrorAgreement(
        error=100 * float(np.sqrt(max(own, 0.0))),
        copied=mixed / taught if taught > 0 else float("nan"),
        points=len(shared),
    )


def _away(points: Points, label: Points, indices: list[int]) -> Array:
    """Differences from the label in upright face coordinates, minus their mean: (N, k, 2)."""
    away = points.astype(np.float64) - label[:, indices]
    angle = np.deg2rad([roll_deg(one) for one in label])
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = away[..., 0], away[..., 1]
    upright = np.stack((c * x + s * y, c * y - s * x), axis=-1)
    upright /= interocular_px(label)[:, None, None]
    centred: Array = upright - upright.mean(axis=0)
    return centred


def _product(one: Array, other: Array) -> float:
    """Mean scalar product of vectors (N, k, 2)."""
    return float((one * other).sum(axis=-1).mean())
