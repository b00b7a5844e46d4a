"""Draw landmarks, head axes and gaze into a frame, to check tracking by eye."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from animate_cli.faces.aperture import aperture, distance
from animate_cli.faces.crop import points_box
from animate_cli.faces.points import (
    EYE_CORNERS,
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
from animate_cli.faces.shape3d.fit import fit
from animate_cli.faces.shape3d.model import ShapeModel, gaze_direction, pupils, see
from animate_cli.records import Image, Points, Trajectory

OPEN_CONTOURS = (JAW, RIGHT_BROW, LEFT_BROW, NOSE[:4], NOSE[4:])
CLOSED_CONTOURS = (RIGHT_EYE, LEFT_EYE, OUTER_LIPS, INNER_LIPS)

LINE = (90, 200, 255)
LOW_CONFIDENCE, HIGH_CONFIDENCE = np.array((255, 40, 40)), np.array((60, 255, 90))
PUPIL = (255, 220, 0)
LOST = (255, 60, 60)
SUBPIXEL_BITS = 4

AXES = ((255, 80, 80), (120, 255, 80), (90, 140, 255))  # to image right, down, out of the face
GAZE = (255, 240, 120)
AXIS_LENGTH, RAY_LENGTH = 0.45, 0.7  # units of the shape model: outer eye corners are 1 apart
ORIGIN = 27  # the axes start at the nose's bridge
SHUT_RATIO = 0.12  # aperture in eye widths, below which no gaze is drawn

Colour = tuple[int, int, int]


def draw_landmarks(pixels: Image, trajectory: Trajectory, index: int) -> Image:
    """A copy of frame `index` (H, W, 3) with contours, points and pupils of its landmarks.

    Points are coloured by confidence, from red (0) to green (1). In a frame in which the face was
    lost, the filled-in landmarks are red and the frame has a red border. The lower left corner
    tells number, time and mean confidence, and whether the frame is lost or the first of a shot.
    """
    canvas = np.ascontiguousarray(pixels).copy()
    points = trajectory.landmarks[index]
    x0, y0, x1, y1 = points_box(points)
    thick = max(round(max(x1 - x0, y1 - y0) / 200), 1)
    is_found = bool(trajectory.found[index])
    _draw_contours(canvas, points, LINE if is_found else LOST, thick)
    for point, share in zip(points, trajectory.confidence[index], strict=True):
        _dot(canvas, point, 1.4 * thick, _confidence_colour(float(share)))
    for k in PUPILS:
        _dot(canvas, points[k], 2.2 * thick, PUPIL if is_found else LOST)
    sure = float(trajectory.confidence[index].mean())
    notes = [f"frame {index}", f"{float(trajectory.times_s[index]):.2f} s", f"sure {sure:.2f}"]
    notes += [] if is_found else ["lost"]
    notes += ["cut"] if trajectory.cut[index] else []
    _write(canvas, "  ".join(notes), (255, 255, 255) if is_found else LOST)
    if not is_found:
        edge = max(min(canvas.shape[:2]) // 80, 2)
        corner = (canvas.shape[1] - 1, canvas.shape[0] - 1)
        cv2.rectangle(canvas, (0, 0), corner, LOST, edge)
    return canvas


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadWireframe:
    """Head pose and gaze in each frame of a trajectory, in frame pixels.

    axes (T, 4, 2): origin, then the tips of the axes x, y and z; rays (T, 2, 2, 2): for each eye
    the pupil and the end of the gaze ray; is_open (T, 2): the eye is open, so its ray is drawn;
    angles_deg (T, 3): yaw, pitch, roll.
    """

    axes: Points
    rays: Points
    is_open: NDArray[np.bool_]
    angles_deg: NDArray[np.float32]


def head_lines(model: ShapeModel, trajectory: Trajectory) -> HeadWireframe:
    """Head pose and gaze by a fit of the shape model to each frame of a trajectory."""
    points = torch.from_numpy(trajectory.landmarks)
    found = fit(model, points, torch.from_numpy(trajectory.confidence))
    shape = model.shape(found.identity, found.expression)
    tips = torch.cat((torch.zeros(1, 3), AXIS_LENGTH * torch.eye(3)))
    start = pupils(model, shape, found.gaze_deg)
    rays = torch.stack((start, start + RAY_LENGTH * gaze_direction(found.gaze_deg)), dim=2)
    return HeadWireframe(
        axes=see(model, found.pose, shape[:, ORIGIN, None] + tips).numpy(),
        rays=see(model, found.pose, rays.flatten(1, 2)).reshape(-1, 2, 2, 2).numpy(),
        is_open=_eye_ratios(trajectory.landmarks) > SHUT_RATIO,
        angles_deg=found.pose.angles_deg.numpy(),
    )


def draw_head(canvas: Image, lines: HeadWireframe, index: int) -> None:
    """Draw head pose and gaze of frame `index` into its picture, in place.

    Axes: red to image right, green down, blue out of the face. Each open eye has a gaze ray. The
    angles are written into the lower left corner.
    """
    start, *tips = lines.axes[index]
    thick = max(round(float(np.linalg.norm(tips - start, axis=1).max()) / 40), 1)
    for tip, colour in zip(tips, AXES, strict=True):
        _line(canvas, start, tip, colour, 2 * thick)
    for (pupil, end), is_open in zip(lines.rays[index], lines.is_open[index], strict=True):
        if is_open:
            _line(canvas, pupil, end, GAZE, thick)
    yaw, pitch, roll = lines.angles_deg[index]
    _write(canvas, f"yaw {yaw:+.0f}  pitch {pitch:+.0f}  roll {roll:+.0f}", (255, 255, 255), row=1)


def _eye_ratios(points: Points) -> NDArray[np.float32]:
    """Aperture of the right and left eye in eye widths: (T, 74, 2) -> (T, 2)."""
    eyes = zip((RIGHT_LIDS, LEFT_LIDS), EYE_CORNERS, strict=True)
    openings = [aperture(points, (lids,), unit=distance(points, ends)) for lids, ends in eyes]
    return np.stack(openings, axis=1).astype(np.float32)


def _line(canvas: Image, start: Points, end: Points, colour: Colour, thick: int) -> None:
    fixed = np.round(np.stack((start, end)) * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(
        canvas,
        [fixed],
        isClosed=False,
        color=colour,
        thickness=thick,
        lineType=cv2.LINE_AA,
        shift=SUBPIXEL_BITS,
    )


def _draw_contours(canvas: Image, points: Points, colour: Colour, thick: int) -> None:
    fixed = np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)
    for contours, is_closed in ((OPEN_CONTOURS, False), (CLOSED_CONTOURS, True)):
        lines = [fixed[list(c)] for c in contours]
        cv2.polylines(canvas, lines, is_closed, colour, thick, cv2.LINE_AA, SUBPIXEL_BITS)


def _dot(canvas: Image, point: Points, radius: float, colour: Colour) -> None:
    x, y = (round(float(v) * (1 << SUBPIXEL_BITS)) for v in point)
    size = round(radius * (1 << SUBPIXEL_BITS))
    cv2.circle(canvas, (x, y), size, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)


def _confidence_colour(share: float) -> Colour:
    r, g, b = (round(float(v)) for v in LOW_CONFIDENCE + share * (HIGH_CONFIDENCE - LOW_CONFIDENCE))
    return r, g, b


def _write(canvas: Image, text: str, colour: Colour, *, row: int = 0) -> None:
    """Write a line into the lower left corner, `row` lines above the lowest, outlined in black."""
    scale = max(min(canvas.shape[:2]) / 700, 0.4)
    thick = max(round(2 * scale), 1)
    origin = (round(10 * scale), canvas.shape[0] - round((14 + 36 * row) * scale))
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(canvas, text, origin, font, scale, (0, 0, 0), 3 * thick, cv2.LINE_AA)
    cv2.putText(canvas, text, origin, font, scale, colour, thick, cv2.LINE_AA)
