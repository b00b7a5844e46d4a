"""Landmark accuracy: normalised mean error, its distribution, and the error by group of points.

    symbol | name            | shape  | formula
    e      | errors          | (N, K) | |found - true| / distance of the true outer eye corners
    NME    | `Accuracy.nme`  |        | mean of e, %
    CED(x) | `ced`           |        | share of faces whose mean e is at most x
    AUC@L  | `auc`           |        | (1/L) ∫ CED from 0 to L = mean of max(0, 1 - e/L), exactly
    FR@L   | `failures`      |        | 1 - CED(L), %

A face that was not found has an infinite error: it counts as a failure, and is left out of the NME.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.landmarks.jitter import interocular_px
from animate_cli.faces.points import (
    INNER_LIPS,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_LIDS,
    NOSE,
    OUTER_LIPS,
    PUPILS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_LIDS,
)
from animate_cli.records import Points

Array = NDArray[np.float64]

LIMIT = 0.1  # of the distance between the outer eye corners, as papers have it
CED_THRESHOLDS = tuple(k / 500 for k in range(51))  # 0 to LIMIT
GROUPS = MappingProxyType(
    {
        "jaw": JAW,
        "brows": RIGHT_BROW + LEFT_BROW,
        "nose": NOSE,
        "eyes": RIGHT_EYE + LEFT_EYE + RIGHT_LIDS + LEFT_LIDS,
        "lips": OUTER_LIPS + INNER_LIPS,
        "pupils": PUPILS,
    }
)


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Accuracy of one detector on one set of faces.

    faces: how many; nme: in % of the distance between the outer eye corners; auc: in [0, 1];
    failures: % of faces; ced: the curve at `CED_THRESHOLDS`; groups: NME by group of points, for
    groups that the detector gives.
    """

    faces: int
    nme: float
    auc: float
    failures: float
    ced: tuple[float, ...]
    groups: tuple[tuple[str, float], ...]

    def group(self, name: str) -> float:
        """The NME of one group; NaN where the detector does not give it."""
        return dict(self.groups).get(name, float("nan"))


def errors(found: Points, true: Points) -> Array:
    """Normalised distances: found, true (N, 74, 2) in the same pixels -> (N, 74), as shares."""
    distance = np.linalg.norm(found.astype(np.float64) - true, axis=-1)
    normalised: Array = distance / interocular_px(true)[:, None]
    return normalised


def accuracy(error: Array, known: Sequence[int] | None = None) -> Accuracy:
    """Accuracy from errors (N, 74), infinite where no face was found.

    known: the points that the detector gives; None: all of them.
    """
    points = list(range(error.shape[1])) if known is None else list(known)
    found = np.isfinite(error).all(axis=1)
    per_face = error[:, points].mean(axis=1)
    groups = {name: [k for k in group if k in points] for name, group in GROUPS.items()}
    return Accuracy(
        faces=len(error),
        nme=_per_cent(error[found][:, points]),
        auc=auc(per_face),
        failures=failures(per_face),
        ced=tuple(ced(per_face, np.array(CED_THRESHOLDS)).tolist()),
        groups=tuple((name, _per_cent(error[found][:, k])) for name, k in groups.items() if k),
    )


def auc(per_face: Array, limit: float = LIMIT) -> float:
    """Area under the CED curve of mean errors (N,) up to `limit`, over `limit`."""
    if not len(per_face):
        return float("nan")
    return float(np.clip(1 - per_face / limit, 0, None).mean())


def failures(per_face: Array, limit: float = LIMIT) -> float:
    """Per cent of mean errors (N,) beyond `limit`."""
    return float(100 * (per_face > limit).mean()) if len(per_face) else float("nan")


def ced(per_face: Array, thresholds: Array) -> Array:
    """Cumulative error distribution: mean errors (N,), thresholds (M,) -> shares of faces (M,)."""
    ranked = np.sort(per_face)
    return np.searchsorted(ranked, thresholds, side="right") / max(len(ranked), 1)


def _per_cent(error: Array) -> float:
    return float(100 * error.mean()) if error.size else float("nan")
