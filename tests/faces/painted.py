"""Synthetic frames with known landmarks, and a landmark network and a detector for them.

A painted face is a disc: red and green encode the place in the face, blue encodes the person. The
network fits an affine map from face to square to the pixels of the square. So, like a real network,
it works from pixels alone, at any place, size and roll.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from animate_cli.faces.detection.viola_jones import Proposal
from animate_cli.records import Frame, Image, Points, VideoInfo

LEAST_PIXELS = 150
BLUE = (20, 240, 130)  # of each person


def _ring(center: tuple[float, float], radii: tuple[float, float], count: int, start: float = 180):
    angle = np.deg2rad(start + 360 * np.arange(count) / count)
    return np.stack((np.cos(angle) * radii[0], np.sin(angle) * radii[1]), 1) + center


def _canonical() -> Points:
    """74 points of a plain face within the unit disc."""
    jaw = np.deg2rad(np.linspace(180, 0, 17))
    parts = [
        np.stack((0.62 * np.cos(jaw), 0.1 + 0.62 * np.sin(jaw)), 1),
        np.stack((np.linspace(-0.5, -0.12, 5), np.full(5, -0.42)), 1),
        np.stack((np.linspace(0.12, 0.5, 5), np.full(5, -0.42)), 1),
        np.stack((np.zeros(4), np.linspace(-0.25, 0.05, 4)), 1),
        np.stack((np.linspace(-0.12, 0.12, 5), np.full(5, 0.14)), 1),
        _ring((-0.3, -0.25), (0.13, 0.06), 6),
        _ring((0.3, -0.25), (0.13, 0.06), 6),
        _ring((0, 0.38), (0.24, 0.1), 12),
        _ring((0, 0.38), (0.16, 0.04), 8),
        np.array([(-0.3, -0.31), (-0.3, -0.19), (0.3, -0.31), (0.3, -0.19)]),
        np.array([(-0.3, -0.25), (0.3, -0.25)]),
    ]
    return np.concatenate(parts).astype(np.float32)


FACE = _canonical()


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A face in a frame: centre and radius of its disc in pixels, clockwise roll, and person."""

    x: float
    y: float
    radius: float = 60.0
    roll_deg: float = 0.0
    person: int = 0

    @property
    def landmarks(self) -> Points:
        """True landmarks (74, 2) in frame pixels."""
        a = np.deg2rad(self.roll_deg)
        turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        return (self.radius * FACE @ turn.T + (self.x, self.y)).astype(np.float32)


def scenery(seed: int, width: int, height: int) -> Image:
    """A background (height, width, 3) of large blue patches that the seed decides."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (6, 8)).astype(np.uint8)
    blue = np.kron(coarse, np.ones((-(-height // 6), -(-width // 8)), np.uint8))[:height, :width]
    return np.stack((blue // 8, blue // 8, blue), -1)


def paint(faces: list[Painted], width: int = 512, height: int = 384, seed: int = 0) -> Image:
    """A frame with faces, later ones in front, before the background of a seed."""
    frame = scenery(seed, width, height)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for face in faces:
        a = np.deg2rad(face.roll_deg)
        dx, dy = (x - face.x) / face.radius, (y - face.y) / face.radius
        u, v = np.cos(a) * dx + np.sin(a) * dy, -np.sin(a) * dx + np.cos(a) * dy
        inside = u * u + v * v <= 1
        blue = BLUE[face.person]
        colour = np.stack((140 + 90 * u, 140 + 90 * v, np.full_like(u, blue)), -1)
        frame[inside] = colour[inside].round().astype(np.uint8)
    return frame


class PaintedNetwork:
    """Finds landmarks of painted faces; the confidence is the visible share of the face.

    squares_read, calls: counts so far.
    """

    size = 128

    def __init__(self) -> None:
        self.squares_read = 0
        self.calls = 0

    def __call__(self, squares: Image) -> tuple[Points, np.ndarray]:
        self.squares_read += len(squares)
        self.calls += 1
        answers = [self._see(square) for square in squares]
        points = np.stack([p for p, _ in answers]).astype(np.float32)
        sure = np.stack([np.full(74, c, np.float32) for _, c in answers])
        return points, sure

    def refine(self, frames: Sequence[Image], points: Points) -> Points:
        return points

    def _see(self, square: Image) -> tuple[Points, float]:
        r, g, b = (square[..., i].astype(np.float64) for i in range(3))
        persons = [(np.abs(b - BLUE[p]) < 8) & (r > 45) & (g > 45) for p in range(3)]
        mask = max(persons, key=lambda m: m.sum())
        if mask.sum() < LEAST_PIXELS:
            return 20 + FACE, 0.02
        inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0  # unmixed colours
        y, x = np.nonzero(inner)
        u, v = (r[inner] - 140) / 90, (g[inner] - 140) / 90
        design = np.stack((u, v, np.ones_like(u)), 1)
        solution, *_ = np.linalg.lstsq(design, np.stack((x, y), 1), rcond=None)
        points = np.c_[FACE, np.ones(74)] @ solution
        area = np.pi * abs(np.linalg.det(solution[:2]))
        return points.astype(np.float32), float(np.clip(mask.sum() / max(area, 1), 0, 1))


class PaintedProposer:
    """Proposes every painted face, with an error of a few pixels; asked: number of searches."""

    def __init__(self) -> None:
        self.asked = 0

    def usual_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        self.asked += 1
        found = []
        for person in range(3):
            near = np.abs(frame[..., 2].astype(int) - BLUE[person]) < 8
            mask = (near & (frame[..., 0] > 45)).astype(np.uint8)
            count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
            for x, y, w, h, area in stats[1:count]:
                if area > 400:
                    center = (float(x + w / 2) + 4, float(y + h / 2) - 3)
                    found.append(Proposal(center=center, side=0.62 * float(max(w, h))))
        yield found

    def fallback_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        return iter(())


def film(pictures: list[Image], rate: int = 25) -> list[Frame]:
    return [Frame(pixels=p, index=i, time_s=Fraction(i, rate)) for i, p in enumerate(pictures)]


def info_of(frames: list[Frame], rate: int = 25) -> VideoInfo:
    height, width = frames[0].pixels.shape[:2]
    return VideoInfo(
        path=Path("driver.mp4"),
        width=width,
        height=height,
        rate=Fraction(rate),
        frames=len(frames),
        duration_s=Fraction(len(frames), rate),
        codec="h264",
    )


def gap(count: int, first: int, last: int) -> tuple[list[Painted], list[Image]]:
    """A face that moves right and is missing in frames first to last: truth and pictures."""
    truth = [Painted(x=150 + 2 * i, y=190) for i in range(count)]
    pictures = [paint([] if first <= i <= last else [f]) for i, f in enumerate(truth)]
    return truth, pictures
