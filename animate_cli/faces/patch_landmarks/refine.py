"""The second look: a face's eyes and mouth seen again, each in a patch of its own.

Convention  points are (x, y) in frame pixels, integer pixel centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.crop import cut, to_frame
from animate_cli.faces.patch_landmarks.network import load_patch_landmarker
from animate_cli.faces.patch_landmarks.patches import (
    EYES,
    POINTS_OF,
    FacePart,
    eye_width_px,
    patch_square,
)
from animate_cli.records import Crop, Image, Points

NOT_SEEN_PX, SEEN_PX = 8.0, 15.0
"""Width of an eye in frame pixels: below the first, patches show nothing that the square did not;
above the second, they alone are believed."""


class PatchDetector(Protocol):
    """A patch network as its users see it (`network.PatchLandmarker`)."""

    size: int

    def __call__(self, patches: Image) -> tuple[Points, NDArray[np.float32]]:
        """patches (B, S, S, 3) uint8 RGB -> points (B, K, 2) in its pixels, confidence (B, K)."""
        ...


class SecondLook:
    """Refines the points of eyes and mouth.

    eyes, mouth: the patch networks.
    """

    def __init__(self, eyes: PatchDetector, mouth: PatchDetector) -> None:
        self._eyes = eyes
        self._mouth = mouth

    def __call__(self, frames: Sequence[Image], points: Points) -> Points:
        """Points (T, 74, 2) as first seen in frames (H, W, 3) -> refined points (T, 74, 2).

        All patches of one kind go through their network in one batch. A point is replaced as far
        as the patch network is sure of it and the face is large enough.
        """
        refined = points.astype(np.float32, copy=True)
        if not len(frames):
            return refined
        seen = [_trust(eye_width_px(p)) for p in points]
        for parts, network in ((EYES, self._eyes), ((FacePart.MOUTH,), self._mouth)):
            places = [(t, part) for t in range(len(frames)) for part in parts if seen[t] > 0]
            if not places:
                continue
            crops = [patch_square(points[t], part, network.size) for t, part in places]
            patches = np.stack(
                [
                    patch_of(frames[t], crop, part)
                    for (t, part), crop in zip(places, crops, strict=True)
                ]
            )
            found, sure = network(patches)
            for (t, part), crop, where, weight in zip(places, crops, found, sure, strict=True):
                indices = list(POINTS_OF[part])
                here = to_frame(unmirrored(where, part, network.size), crop)
                share = (seen[t] * weight)[:, None]
                refined[t, indices] += share * (here - refined[t, indices])
        return refined


def _trust(eye_px: float) -> float:
    """How far patches of a face with eyes so wide are believed: 0 to 1, without a kink."""
    ratio = min(max((eye_px - NOT_SEEN_PX) / (SEEN_PX - NOT_SEEN_PX), 0.0), 1.0)
    return ratio * ratio * (3 - 2 * ratio)


def patch_of(frame: Image, crop: Crop, part: FacePart) -> Image:
    """What a network is shown of a part: (S, S, 3); a left eye mirrored."""
    patch = cut(frame, crop)
    return np.ascontiguousarray(patch[:, ::-1]) if part is FacePart.LEFT_EYE else patch


def unmirrored(points: Points, part: FacePart, size: int) -> Points:
    """Points (K, 2) in a patch as shown -> in the crop's own pixels."""
    if part is not FacePart.LEFT_EYE:
        return points
    return np.asarray(points * (-1, 1) + (size - 1, 0), np.float32)


def load_second_look(*, device: str = "cpu") -> SecondLook:
    """The second look with the networks that are shipped."""
    return SecondLook(
        load_patch_landmarker("eye_patches", device=device),
        load_patch_landmarker("mouth_patches", device=device),
    )
