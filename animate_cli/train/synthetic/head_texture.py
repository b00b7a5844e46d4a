"""The colours of a head, as functions of positions on its resting shape.

Positions are in centimetres of `ict_head`'s head space. Lips, brows and lash lines follow the
model's landmarks; the other constants were chosen by eye. Colours are linear light, 0 to 1.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from animate_cli.train.synthetic.ict_head import Eye

Floats = NDArray[np.floating]
Colour = tuple[float, float, float]

# Hair grows above this line: y over z, seen from the side (nape, ear, sideburn, temple, brow).
HAIRLINE_Z = (-10.0, -5.2, -4.2, 0.0, 0.8, 1.9, 2.6, 4.2, 5.6, 7.0, 9.0)
HAIRLINE_Y = (-5.0, -3.6, 4.2, 4.2, 1.4, 1.4, 4.0, 7.4, 9.2, 10.3, 10.7)
NECKLINE_Y = -13.6

BROW_HALF_WIDTH = (0.50, 0.55, 0.50, 0.38, 0.16)  # from the nose outwards
IRIS_ANGLE, PUPIL_ANGLE, LIMBUS = 0.36, 0.145, 0.035  # radians about the eye's axis


@dataclass(frozen=True, kw_only=True)
class SkinColours:
    """One person's colours, and the background's: linear RGB, 0 to 1."""

    skin: Colour = (0.66, 0.40, 0.30)
    lips: Colour = (0.46, 0.17, 0.16)
    hair: Colour = (0.055, 0.030, 0.018)
    iris: Colour = (0.10, 0.17, 0.22)
    cloth: Colour = (0.05, 0.10, 0.16)
    background: Colour = (0.34, 0.38, 0.42)


def smoothstep(value: Floats, low: float, high: float) -> Floats:
    """0 below low, 1 above high, smooth between (low may be the larger)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    eased: Floats = t * t * (3 - 2 * t)
    return eased


def hair(rest: Floats) -> Floats:
    """Height above the hairline in centimetres, negative on skin. (P, 3) -> (P,)"""
    x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
    ear = smoothstep(x, 7.9, 8.3) * smoothstep(y, 4.9, 4.3)
    height: Floats = y - np.interp(z, HAIRLINE_Z, HAIRLINE_Y) - 8 * ear
    return height.astype(np.float32)


def skin(rest: Floats, rims: Floats, colours: SkinColours) -> Floats:
    """Skin, lips, brows, hair and shirt. rest (P, 3), rims (68, 3) landmarks at rest -> (P, 3)"""
    x, y, z = rest.T
    front = smoothstep(z, 6.0, 7.5)
    colour: Floats = np.asarray(colours.skin) * _blotches(rest)[:, None]
    blush = np.exp(-(((np.abs(x) - 4.6) / 1.8) ** 2) - ((y + 0.6) / 1.9) ** 2)
    blush += 0.7 * np.exp(-((x / 1.2) ** 2) - ((y - 0.6) / 1.2) ** 2)
    colour = colour * (1 - 0.16 * (blush * front)[:, None] * np.array((0.1, 1.0, 0.9), np.float32))
    colour = _mix(colour, colours.lips, _lips(x, y, rims) * front)
    strands = _strands(rest)
    for side in (rims[21:16:-1], rims[22:27]):
        brow = _brow(x, y, side) + 0.30 * (_streaks(np.abs(x) * 17 - y * 9) - 0.5)
        colour = _mix(colour, colours.hair, 0.85 * smoothstep(brow, 0.0, 0.75) * front)
    for upper in (rims[36:40], rims[42:46]):
        lash = _distance_to_polyline(x, y, _lash_line(upper))
        colour = _mix(colour, (0.02, 0.012, 0.01), 0.9 * smoothstep(lash, 0.20, 0.06) * front)
    grown = smoothstep(hair(rest) + 0.9 * (strands - 0.5), -0.35, 0.45)
    shade = np.asarray(colours.hair, np.float32) * (0.45 + 1.1 * strands)[:, None]
    colour = colour * (1 - grown[:, None]) + shade * grown[:, None]
    neckline = NECKLINE_Y - 1.6 * np.exp(-((x / 4.5) ** 2)) * smoothstep(z, -2.0, 4.0)
    return _mix(colour, colours.cloth, smoothstep(y - neckline, 0.06, -0.06))


def eyeball(rest: Floats, eye: Eye, colours: SkinColours) -> Floats:
    """White, iris and pupil by the angle from the eye's axis. rest (P, 3) -> (P, 3)"""
    away = (rest - eye.center) / np.linalg.norm(rest - eye.center, axis=1, keepdims=True)
    angle = np.arccos(np.clip(away @ eye.axis, -1, 1))
    around = np.arctan2(away[:, 1] - eye.axis[1], away[:, 0] - eye.axis[0])
    rays = 0.7 + 0.6 * _streaks(around * 7) * smoothstep(angle, PUPIL_ANGLE, IRIS_ANGLE)
    colour = np.broadcast_to(np.asarray((0.60, 0.55, 0.52)), rest.shape)
    iris = np.asarray(colours.iris, np.float32) * rays[:, None]
    within = smoothstep(angle, IRIS_ANGLE + LIMBUS, IRIS_ANGLE - LIMBUS)[:, None]
    colour = colour * (1 - within) + iris * within
    ring = np.exp(-(((angle - IRIS_ANGLE) / LIMBUS) ** 2))
    colour = colour * (1 - 0.7 * ring[:, None])
    pupil = smoothstep(angle, PUPIL_ANGLE + 0.02, PUPIL_ANGLE - 0.02)
    return _mix(colour.astype(np.float32), (0.004, 0.004, 0.004), pupil)


def _mix(colour: Floats, other: Colour, share: Floats) -> Floats:
    mixed: Floats = colour + share[:, None] * (np.asarray(other, np.float32) - colour)
    return mixed.astype(np.float32)


def _blotches(rest: Floats) -> Floats:
    """Factors about 1 that vary the skin's tone from place to place: (P, 3) -> (P,)."""
    x, y, z = rest.T
    slow = np.sin(1.7 * x + 0.6 * y) * np.sin(1.3 * y - 0.8 * z) * np.sin(0.9 * z + 1.1 * x)
    fine = np.sin(11 * x + 7 * z) * np.sin(13 * y + 5 * x) * np.sin(9 * z - 8 * y)
    toned: Floats = 1 + 0.05 * slow + 0.025 * fine
    return toned


def _streaks(phase: Floats) -> Floats:
    """A rough periodic signal in [0, 1]."""
    wave = np.sin(phase) + 0.7 * np.sin(2.3 * phase + 1) + 0.5 * np.sin(5.1 * phase + 2)
    level: Floats = 0.5 + wave / 4.4
    return level


def _strands(rest: Floats) -> Floats:
    """Strands that run from the crown outwards, in [0, 1]."""
    x, y, z = rest.T
    around = np.arctan2(x, z + 2.0)
    down = np.arctan2(np.hypot(x, z + 2.0), y - 6.0)
    fine: Floats = _streaks(70 * around + 2.2 * np.sin(3 * down)) * 0.6
    return fine + 0.4 * _streaks(23 * around + 3 * down + 1.5 * np.sin(5 * down))


def _lips(x: Floats, y: Floats, rims: Floats) -> Floats:
    """1 inside the outer lip line, fading over a millimetre or two."""
    outline = rims[48:60, :2]
    inside = np.zeros(len(x), bool)
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        crosses = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    edge = _distance_to_polyline(x, y, np.vstack((outline, outline[:1])))
    return smoothstep(np.where(inside, edge, -edge), -0.10, 0.10)


def _brow(x: Floats, y: Floats, line: Floats) -> Floats:
    """1 in the middle of a brow, 0 at its edge; line (5, 3) from the nose outwards."""
    middle = line[:, :2] - np.asarray((0, 0.28))
    best = np.full(len(x), -1.0, np.float32)
    for k in range(4):
        distance, along = _distance_to_segment(x, y, middle[k], middle[k + 1])
        width = BROW_HALF_WIDTH[k] + along * (BROW_HALF_WIDTH[k + 1] - BROW_HALF_WIDTH[k])
        best = np.maximum(best, 1 - distance / width)
    return best


def _lash_line(rim: Floats) -> Floats:
    """The lash line of an upper lid: its four points, and a higher one between the middle two."""
    top = rim[1:3, :2].mean(axis=0) + np.asarray((0, 0.09))
    return np.vstack((rim[:2, :2], top, rim[2:, :2]))


def _distance_to_polyline(x: Floats, y: Floats, line: Floats) -> Floats:
    """Distance to a polyline (N, 2)."""
    pairs = itertools.pairwise(line)
    distances = [_distance_to_segment(x, y, a, b)[0] for a, b in pairs]
    nearest: Floats = np.min(distances, axis=0)
    return nearest


def _distance_to_segment(x: Floats, y: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Distance to the segment a-b, and the position of the nearest point on it, 0 to 1."""
    (ax, ay), (ux, uy) = a[:2], (b - a)[:2]
    along = np.clip(((x - ax) * ux + (y - ay) * uy) / (ux * ux + uy * uy), 0, 1)
    distance: Floats = np.hypot(x - ax - along * ux, y - ay - along * uy)
    return distance, along
