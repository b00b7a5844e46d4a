"""Draw numbered boxes about the faces of a picture; the numbers are those of `--face`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from animate_cli.records import Detection, Image

CHOSEN = (80, 220, 100)
OTHER = (255, 176, 0)


def draw_faces(
    pixels: Image, detections: Sequence[Detection], chosen: Detection | None = None
) -> Image:
    """A copy of pixels (H, W, 3) with boxes numbered from 1; the chosen one is green."""
    canvas = np.ascontiguousarray(pixels).copy()
    thick = max(round(max(canvas.shape[:2]) / 400), 1)
    for number, detection in enumerate(detections, start=1):
        colour = CHOSEN if detection is chosen else OTHER
        x0, y0, x1, y1 = (round(v) for v in detection.box)
        cv2.rectangle(canvas, (x0, y0), (x1, y1), colour, thick)
        _label(canvas, f"{number}", (x0, y0), colour, thick)
    return canvas


def _label(
    canvas: Image, text: str, corner: tuple[int, int], colour: tuple[int, int, int], thick: int
) -> None:
    """Draw a filled tag with dark text, its lower left at `corner`, inside the picture."""
    scale = 0.5 * thick
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    pad = 2 * thick
    x = int(np.clip(corner[0], 0, max(canvas.shape[1] - width - 2 * pad, 0)))
    y = int(np.clip(corner[1], height + below + 2 * pad, canvas.shape[0] - 1))
    cv2.rectangle(canvas, (x, y - height - below - 2 * pad), (x + width + 2 * pad, y), colour, -1)
    origin = (x + pad, y - below - pad)
    cv2.putText(
        canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (20, 20, 20), thick, cv2.LINE_AA
    )
