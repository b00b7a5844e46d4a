"""The second look: a face's eyes and mouth seen again, each in a patch of its own.

Convention  points are (x, y) in frame pixels, integer pixel centres.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

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

MISPLACED = 0.08  # of a patch's side; patches that are off by less are looked at once
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
        as the patch network is sure of it and the face is large enough. A patch that turns out to
        have been cut in the wrong place is cut once more.
        """
        first = points.astype(np.float32, copy=True)
        trust = [_trust(eye_width_px(p)) for p in first]
        places = [
            PatchPlace(frame=t, part=part)
            for part in FacePart
            for t in range(len(frames))
            if trust[t] > 0
        ]
        refined = self._look(frames, first, first, places, trust)
        misplaced = [place for place in places if _has_moved(first, refined, place)]
        return self._look(frames, first, refined, misplaced, trust) if misplaced else refined

    def _look(
        self,
        frames: Sequence[Image],
        first: Points,
        cut_by: Points,
        places: Sequence[PatchPlace],
        trust: Sequence[float],
    ) -> Points:
        """Look at parts of frames in patches cut by the points `cut_by` (T, 74, 2): a copy of
        them, in which points of these parts lie between the first look's and the patches'."""
        refined = cut_by.copy()
        for parts, network in ((EYES, self._eyes), ((FacePart.MOUTH,), self._mouth)):
            here = [place for place in places if place.part in parts]
            if not here:
                continue
            crops = [patch_square(cut_by[p.frame], p.part, network.size) for p in here]
            patches = [
                patch_of(frames[p.frame], c, p.part) for p, c in zip(here, crops, strict=True)
            ]
            found, sure = network(np.stack(patches))
            for p, crop, where, weight in zip(here, crops, found, sure, strict=True):
                indices = list(POINTS_OF[p.part])
                seen = to_frame(unmirrored(where, p.part, network.size), crop)
                before = first[p.frame, indices]
                refined[p.frame, indices] = before + (trust[p.frame] * weight)[:, None] * (
                    seen - before
                )
        return refined


class PatchPlace(NamedTuple):
    """A part in one of the frames."""

    frame: int
    part: FacePart


def _has_moved(first: Points, refined: Points, place: PatchPlace) -> bool:
    """Whether a patch would now be cut elsewhere, by `MISPLACED` of its side."""
    before, after = (
        patch_square(p[place.frame], place.part, 2).crop_to_frame for p in (first, refined)
    )
    middle = np.array([0.5, 0.5, 1.0])
    side = 2 * float(np.linalg.norm(before[:, 0]))
    return float(np.linalg.norm((after - before) @ middle)) > MISPLACED * side


def _trust(eye_px: float) -> float:
    """How far patches of a face with eyes so wide are believed: 0 to 1, without a kink."""
    ratio = min(max((eye_px - NOT_SEEN_PX) / (SEEN_PX - NOT_SEEN_PX), 0.0), 1.0)
    return ratio * ratio * (3 - 2 * ratio)


def patch_of(frame: Image, crop: Crop, part: FacePart) -> Image:
    """The patch of a part as its network reads it, (S, S, 3); a left eye is mirrored."""
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
