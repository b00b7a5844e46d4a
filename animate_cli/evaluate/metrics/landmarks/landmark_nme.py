"""How far landmarks are from the truth: normalised mean error, its distribution, its parts.

    symbol | name            | shape  | formula
    e      | errors          | (N, K) | |found - true| / distance of the true outer eye corners
    NME    | `Accuracy.nme`  |        | mean of e, %
    CED(x) | `ced`           |        | share of faces whose mean e is at most x
    AUC@L  | `auc`           |        | (1/L) ∫ CED from 0 to L = mean of max(0, 1 - e/L), exactly
    FR@L   | `failures`      |        | 1 - CED(L), %

A face that was not found has an infinite error: it fails, and is left out of the mean errors.
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

LIMIT = 0.1  # of the distance between the outer eye corners: the usual one
CED_PLACES = tuple(k / 500 for k in range(51))  # 0 to LIMIT: where files keep a curve
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
    """Figures of one detector on one set of faces.

    faces: how many; nme: in % of the distance between the outer eye corners; auc: in [0, 1];
    failures: % of faces; ced: the curve at CED_PLACES; groups: nme by part of the face, for the
    parts the detector knows.
    """

    faces: int
    nme: float
    auc: float
    failures: float
    ced: tuple[float, ...]
    groups: tuple[tuple[str, float], ...]

    def group(self, name: str) -> float:
        """The nme of one part; NaN where the detector does not know it."""
        return dict(self.groups).get(name, float("nan"))


def errors(found: Points, true: Points) -> Array:
    """Normalised distances: found, true (N, 74, 2) in the same pixels -> (N, 74), as shares."""
    distance = np.linalg.norm(found.astype(np.float64) - true, axis=-1)
    normalised: Array = distance / interocular_px(true)[:, None]
    return normalised


def accuracy(error: Array, known: Sequence[int] | None = None) -> Accuracy:
    """Sum up errors (N, 74), infinite where no face was found, over the points a detector knows.

    known: None: all of them.
    """
    points = list(range(error.shape[1])) if known is None else list(known)
    seen = np.isfinite(error).all(axis=1)
    per_face = error[:, points].mean(axis=1)
    parts = {name: [k for k in group if k in points] for name, group in GROUPS.items()}
    return Accuracy(
        faces=len(error),
        nme=_per_cent(error[seen][:, points]),
        auc=auc(per_face),
        failures=failures(per_face),
        ced=tuple(ced(per_face, np.array(CED_PLACES)).tolist()),
        groups=tuple((name, _per_cent(error[seen][:, k])) for name, k in parts.items() if k),
    )


def auc(per_face: Array, limit: float = LIMIT) -> float:
    """Area under the CED curve of mean errors (N,) up to `limit`, over `limit`."""
    if not len(per_face):
        return float("nan")
    return float(np.clip(1 - per_face / limit, 0, None).mean())


def failures(per_face: Array, limit: float = LIMIT) -> float:
    """Per cent of mean errors (N,) beyond `limit`."""
    return float(100 * (per_face > limit).mean()) if len(per_face) else float("nan")


def ced(per_face: Array, at: Array) -> Array:
    """Cumulative error distribution: mean errors (N,), places (M,) -> shares (M,)."""
    ranked = np.sort(per_face)
    return np.searchsorted(ranked, at, side="right") / max(len(ranked), 1)


def _per_cent(error: Array) -> float:
    return float(100 * error.mean()) if error.size else float("nan")
