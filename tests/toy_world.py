"""Toy photos and drivers for tests of whole jobs: a face is a magenta disc on a grey background.

The toy landmark network finds the disc by its colour, so that whole jobs need no trained weights
and take milliseconds. All other code is the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from animate_cli.faces.detection.viola_jones import Proposal, Proposer
from animate_cli.faces.landmarks.inference import LandmarkDetector
from animate_cli.models.base import FaceModel
from animate_cli.options import ComputeOptions, Detector, Engine, MotionOptions, Options
from animate_cli.records import Image, Points
from animate_cli.stages.networks import Networks

SKIN = (220, 40, 220)
PLAIN = Options(compute=ComputeOptions(threads=1), motion=MotionOptions(model="thin_plate"))
"""One thread and the fastest model, for tests that do not depend on the model."""


def canonical_points() -> Points:
    """74 points of a face about the origin with radius 1: an ellipse of jaw, two eyes, a mouth."""

    def arc(
        count: int, x: float, y: float, rx: float, ry: float, start: float, end: float
    ) -> Points:
        angle = np.linspace(np.deg2rad(start), np.deg2rad(end), count)
        return np.stack((x + rx * np.cos(angle), y + ry * np.sin(angle)), axis=1)

    jaw = arc(17, 0, -0.1, 0.85, 1.0, 180, 0)
    brows = [arc(5, x, -0.35, 0.25, 0.1, 200, 340) for x in (-0.4, 0.4)]
    nose = np.array(
        [(0, y) for y in (-0.25, -0.1, 0.02, 0.15)]
        + [(x, 0.2) for x in (-0.16, -0.08, 0, 0.08, 0.16)]
    )
    eyes = [arc(7, x, -0.2, 0.18, 0.08, 180, 540)[:6] for x in (-0.4, 0.4)]
    outer = arc(13, 0, 0.5, 0.33, 0.14, 180, 540)[:12]
    inner = arc(9, 0, 0.5, 0.25, 0.06, 180, 540)[:8]
    lids = [(-0.4, -0.28), (-0.4, -0.12), (0.4, -0.28), (0.4, -0.12)]
    pupils = [(-0.4, -0.2), (0.4, -0.2)]
    parts = [jaw, *brows, nose, *eyes, outer, inner, np.array(lids), np.array(pupils)]
    return np.concatenate(parts).astype(np.float32)


def find_disc(pixels: Image) -> tuple[float, float, float] | None:
    """Centre x, y and radius of the magenta disc, None where there is none."""
    red, green, blue = (pixels[..., channel].astype(int) for channel in range(3))
    mask = (red > 150) & (blue > 150) & (green < 110)
    if mask.sum() < 30:
        return None
    rows, columns = np.nonzero(mask)
    return float(columns.mean()), float(rows.mean()), float(np.sqrt(mask.sum() / np.pi))


class ToyLandmarker:
    """A landmark network that finds the disc by its colour."""

    size = 64

    def __call__(self, squares: Image) -> tuple[Points, NDArray[np.float32]]:
        points = np.zeros((len(squares), 74, 2), np.float32)
        confidence = np.zeros((len(squares), 74), np.float32)
        for index, square in enumerate(squares):
            disc = find_disc(square)
            if disc is not None:
                points[index] = canonical_points() * disc[2] + disc[:2]
                confidence[index] = 1.0
        return points, confidence

    def refine(self, frames: Sequence[Image], points: Points) -> Points:
        return points


class ToyNetworks(Networks):
    """The toy landmark network and detector, with a given model or the one of the options."""

    def __init__(self, model: FaceModel[Any, Any, Any] | None = None) -> None:
        super().__init__()
        self._given = model

    def landmarker(self, device: str) -> LandmarkDetector:
        return ToyLandmarker()

    def proposer(self, detector: Detector) -> Proposer:
        return ToyProposer()

    def model(self, motion: MotionOptions, device: str, engine: Engine) -> FaceModel[Any, Any, Any]:
        return self._given or super().model(motion, device, engine)


class ToyProposer:
    """A detector that proposes the disc."""

    def usual_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        disc = find_disc(frame)
        yield [] if disc is None else [Proposal(center=disc[:2], side=1.8 * disc[2])]

    def fallback_rounds(self, frame: Image) -> Iterator[list[Proposal]]:
        yield []


@dataclass(frozen=True)
class ToyWorld:
    """Makes photos and drivers of toy faces in a folder."""

    folder: Path

    def photo(
        self, name: str = "photo.png", *, size: tuple[int, int] = (160, 120), face: bool = True
    ) -> Path:
        path = self.folder / name
        cv2.imwrite(str(path), toy_frame(*size, face=face)[..., ::-1])
        return path

    def driver(
        self,
        name: str = "driver.mp4",
        *,
        frames: int = 12,
        rate: Fraction = Fraction(25),
        without_face: Sequence[int] = (),
        sound: bool = False,
    ) -> Path:
        path = self.folder / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate, options={"crf": "10"})
            stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
            audio = container.add_stream("aac", 44100, layout="mono") if sound else None
            for index in range(frames):
                pixels = toy_frame(
                    128, 96, shift=4 * np.sin(index / 2), face=index not in without_face
                )
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
            container.mux(stream.encode())
            if audio is not None:
                count = int(frames / rate * 44100)
                tone = np.sin(np.arange(count) * 0.06).astype(np.float32)[None]
                chunk = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
                chunk.sample_rate = 44100
                container.mux(audio.encode(chunk))
                container.mux(audio.encode())
        return path


def toy_frame(width: int, height: int, *, shift: float = 0.0, face: bool = True) -> Image:
    """A textured grey frame; the disc is `shift` px to the right of the centre."""
    y, x = np.mgrid[:height, :width]
    texture = (90 + 20 * np.sin(x / 5) + 20 * np.cos(y / 7)).astype(np.uint8)
    frame = np.repeat(texture[..., None], 3, axis=2)
    if face:
        center = (round((width / 2 + shift) * 16), round(height / 2 * 16))
        radius = round(min(width, height) / 5 * 16)
        cv2.circle(frame, center, radius, SKIN, -1, cv2.LINE_AA, 4)
    return frame
