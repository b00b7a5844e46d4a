"""Face proposals by boosted cascades of Haar features (Viola & Jones 2001), in OpenCV.

The landmark network checks every proposal (`detect.py`), so a low threshold is set: a missed face
is lost, a false box costs one pass of the network. A cascade's box spans brows to mouth, the 74
points reach the chin: each box is converted to the box of the points by the median offset and
size ratio of its cascade, measured on 440 labelled portraits and faces of LFW.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.records import Image

QUICK_SIDE_PX = 320  # long side of the picture in the first round: finds faces from 1/12 of it
FINE_SIDE_PX = 800  # ... in the last upright round: faces from 1/27 of it
LEAST_FACE_PX = 26  # the cascades' windows are 20 and 24 pixels
SCALE_STEP = 1.15
NEIGHBOURS = 2
SMALL_TILTS_DEG = (-25.0, 25.0, -50.0, 50.0)
LARGE_TILTS_DEG = (90.0, -90.0)
SAME_BOX_IOU = 0.5
GRID_SIDES = (0.75, 0.5)  # in short sides of the picture; cascades find smaller faces
GRID_STEP = 0.4  # between neighbours, in sides

Grey = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A box that may hold a face, in frame pixels.

    center: of the box of the 74 points, x, y; side: its longer side; roll_deg: of the head,
    clockwise.
    """

    center: tuple[float, float]
    side: float
    roll_deg: float = 0.0


class Proposer(Protocol):
    """A face detector. It proposes faces round by round, the cheapest round first."""

    def usual_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """Rounds for upright faces. frame (H, W, 3) uint8."""
        ...

    def fallback_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """Slower rounds, for frames in which the usual rounds found no face."""
        ...


class Side(Enum):
    """Whether a cascade reads the picture or its mirror image."""

    AS_IS = 1
    MIRRORED = -1


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """One of OpenCV's cascades.

    shift: x, y from the centre of its box to that of the points' box; side: of the points' box.
    Both in sides of the cascade's box, medians over the training portraits.
    """

    file: str
    shift: tuple[float, float]
    side: float


FRONTAL = (
    Cascade(file="haarcascade_frontalface_alt2.xml", shift=(0.0, 0.163), side=0.854),
    Cascade(file="haarcascade_frontalface_default.xml", shift=(0.0, 0.155), side=0.831),
)
PROFILE = Cascade(file="haarcascade_profileface.xml", shift=(-0.125, 0.170), side=0.785)


class ViolaJones:
    """The cascades that come with OpenCV. Not thread-safe: OpenCV's classifiers keep state."""

    def __init__(self) -> None:
        folder = Path(cv2.__file__).parent / "data"
        self._classifiers = {
            cascade: cv2.CascadeClassifier(str(folder / cascade.file))
            for cascade in (*FRONTAL, PROFILE)
        }

    def usual_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """Rounds for frontal faces, for profiles, then for small faces."""
        grey, scale = shrink(frame, QUICK_SIDE_PX)
        yield merge([p for c in FRONTAL for p in self._search(c, grey, scale)])
        yield merge([p for side in Side for p in self._search(PROFILE, grey, scale, side)])
        if max(frame.shape[:2]) > 1.2 * QUICK_SIDE_PX:
            grey, scale = shrink(frame, FINE_SIDE_PX)
            yield merge([p for c in FRONTAL for p in self._search(c, grey, scale)])

    def fallback_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        """Rounds for tilted heads, for squares of a grid, then for pictures on their side."""
        grey, scale = shrink(frame, QUICK_SIDE_PX)
        for tilts, everywhere in ((SMALL_TILTS_DEG, grid(frame)), (LARGE_TILTS_DEG, [])):
            yield merge([p for tilt in tilts for p in self._search_tilted(grey, scale, tilt)])
            yield everywhere

    def _search(
        self, cascade: Cascade, grey: Grey, scale: float, side: Side = Side.AS_IS
    ) -> list[Proposal]:
        """Proposals in frame pixels; grey (h, w) is `scale` times smaller than the frame."""
        picture = grey if side is Side.AS_IS else np.ascontiguousarray(grey[:, ::-1])
        boxes = self._classifiers[cascade].detectMultiScale(
            picture, SCALE_STEP, NEIGHBOURS, minSize=(LEAST_FACE_PX, LEAST_FACE_PX)
        )
        found = []
        for x, y, w, h in boxes:
            center_x = float(x + (w - 1) / 2 + cascade.shift[0] * w)
            if side is Side.MIRRORED:
                center_x = grey.shape[1] - 1 - center_x
            center_y = float(y + (h - 1) / 2 + cascade.shift[1] * h)
            found.append(Proposal(center=(center_x, center_y), side=float(cascade.side * w)))
        return [_scaled(p, scale) for p in found]

    def _search_tilted(self, grey: Grey, scale: float, tilt_deg: float) -> list[Proposal]:
        """Proposals for heads tilted clockwise by `tilt_deg`, searched in the turned picture."""
        turn, width, height = turning(grey.shape[1], grey.shape[0], tilt_deg)
        turned = cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        back = cv2.invertAffineTransform(turn)
        found = []
        for p in self._search(FRONTAL[0], turned, 1.0):  # type: ignore[arg-type]
            x, y = back[:, :2] @ p.center + back[:, 2]
            found.append(Proposal(center=(float(x), float(y)), side=p.side, roll_deg=tilt_deg))
        return [_scaled(p, scale) for p in found]


def grid(frame: Image) -> list[Proposal]:
    """Squares on a regular grid, for faces that no cascade finds: dark or cut off by the edge.

    They overlap so far that every face lies near the centre of one, within the random shifts that
    the landmark network was trained with.
    """
    height, width = frame.shape[:2]
    found = []
    for share in GRID_SIDES:
        side = share * min(height, width)
        rows, columns = (
            np.linspace(side / 2, n - side / 2, round((n - side) / (GRID_STEP * side)) + 1)
            for n in (height, width)
        )
        found += [Proposal(center=(float(x), float(y)), side=side) for y in rows for x in columns]
    return found


def turning(width: int, height: int, tilt_deg: float) -> tuple[NDArray[np.float64], int, int]:
    """The matrix (2, 3) that rotates a picture counter-clockwise, and its new width and height."""
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), tilt_deg, 1.0)
    c, s = abs(turn[0, 0]), abs(turn[0, 1])
    wide, high = round(width * c + height * s), round(width * s + height * c)
    turn[:, 2] += ((wide - width) / 2, (high - height) / 2)
    return turn, wide, high  # type: ignore[return-value]


def shrink(frame: Image, side_px: int) -> tuple[Grey, float]:
    """frame (H, W, 3) -> grey (h, w) uint8 with equalised histogram, and the scale."""
    scale = max(max(frame.shape[:2]) / side_px, 1.0)
    size = (max(round(frame.shape[1] / scale), 1), max(round(frame.shape[0] / scale), 1))
    step = max(int(scale / 3), 1)  # huge frames are thinned before they are averaged
    small = cv2.resize(frame[::step, ::step], size, interpolation=cv2.INTER_AREA)
    return cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)), scale  # type: ignore[return-value]


def merge(proposals: list[Proposal]) -> list[Proposal]:
    """Non-maximum suppression: of proposals that overlap, the largest."""
    kept: list[Proposal] = []
    for proposal in sorted(proposals, key=lambda p: -p.side):
        if all(overlap(_box(proposal), _box(k)) < SAME_BOX_IOU for k in kept):
            kept.append(proposal)
    return kept


Box = tuple[float, float, float, float]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union (IoU) of two boxes x0, y0, x1, y1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inside = width * height
    return inside / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inside)


def _box(p: Proposal) -> Box:
    (x, y), half = p.center, p.side / 2
    return x - half, y - half, x + half, y + half


def _scaled(p: Proposal, scale: float) -> Proposal:
    """From pixels of the shrunk picture to frame pixels; centres of pixels are integers in both."""
    x, y = ((v + 0.5) * scale - 0.5 for v in p.center)
    return Proposal(center=(x, y), side=p.side * scale, roll_deg=p.roll_deg)
