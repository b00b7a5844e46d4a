"""A frame with its landmarks drawn in, to judge tracking by eye."""

from __future__ import annotations

import cv2
import numpy as np

from animate_cli.faces.crop import points_box
from animate_cli.faces.points import (
    INNER_LIPS,
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    NOSE,
    OUTER_LIPS,
    PUPILS,
    RIGHT_BROW,
    RIGHT_EYE,
)
from animate_cli.records import Image, Points, Trajectory

OPEN_CONTOURS = (JAW, RIGHT_BROW, LEFT_BROW, NOSE[:4], NOSE[4:])
CLOSED_CONTOURS = (RIGHT_EYE, LEFT_EYE, OUTER_LIPS, INNER_LIPS)

LINE = (90, 200, 255)
UNSURE, SURE = np.array((255, 40, 40)), np.array((60, 255, 90))  # points by their confidence
PUPIL = (255, 220, 0)
LOST = (255, 60, 60)
SUBPIXEL_BITS = 4

Colour = tuple[int, int, int]


def draw_landmarks(pixels: Image, trajectory: Trajectory, index: int) -> Image:
    """A copy of frame `index` (H, W, 3) with contours, points, pupils, and what happened.

    Points run from red (confidence 0) to green (1). Where the face was lost its made-up points
    are red and the frame is framed; a cut is written into the corner.
    """
    canvas = np.ascontiguousarray(pixels).copy()
    points = trajectory.landmarks[index]
    x0, y0, x1, y1 = points_box(points)
    thick = max(round(max(x1 - x0, y1 - y0) / 200), 1)
    is_found = bool(trajectory.found[index])
    _draw_contours(canvas, points, LINE if is_found else LOST, thick)
    for point, share in zip(points, trajectory.confidence[index], strict=True):
        _dot(canvas, point, 1.4 * thick, _mixed(float(share)))
    for k in PUPILS:
        _dot(canvas, points[k], 2.2 * thick, PUPIL if is_found else LOST)
    notes = [f"frame {index}", f"{float(trajectory.times_s[index]):.2f} s"]
    notes += [] if is_found else ["lost"]
    notes += ["cut"] if trajectory.cut[index] else []
    _write(canvas, "  ".join(notes), (255, 255, 255) if is_found else LOST)
    if not is_found:
        edge = max(min(canvas.shape[:2]) // 80, 2)
        corner = (canvas.shape[1] - 1, canvas.shape[0] - 1)
        cv2.rectangle(canvas, (0, 0), corner, LOST, edge)
    return canvas


def _draw_contours(canvas: Image, points: Points, colour: Colour, thick: int) -> None:
    fixed = np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)
    for contours, is_closed in ((OPEN_CONTOURS, False), (CLOSED_CONTOURS, True)):
        lines = [fixed[list(c)] for c in contours]
        cv2.polylines(canvas, lines, is_closed, colour, thick, cv2.LINE_AA, SUBPIXEL_BITS)


def _dot(canvas: Image, point: Points, radius: float, colour: Colour) -> None:
    x, y = (round(float(v) * (1 << SUBPIXEL_BITS)) for v in point)
    size = round(radius * (1 << SUBPIXEL_BITS))
    cv2.circle(canvas, (x, y), size, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)


def _mixed(share: float) -> Colour:
    r, g, b = (round(float(v)) for v in UNSURE + share * (SURE - UNSURE))
    return r, g, b


def _write(canvas: Image, text: str, colour: Colour) -> None:
    """A line in the lower left corner, outlined to be legible on anything."""
    scale = max(canvas.shape[0] / 700, 0.4)
    thick = max(round(2 * scale), 1)
    origin = (round(10 * scale), canvas.shape[0] - round(14 * scale))
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(canvas, text, origin, font, scale, (0, 0, 0), 3 * thick, cv2.LINE_AA)
    cv2.putText(canvas, text, origin, font, scale, colour, thick, cv2.LINE_AA)
