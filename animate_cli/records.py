"""The frozen records that pass between stages; nothing here computes.

Frames are uint8 RGB (H, W, 3) outside networks, float32 in [0, 1] (B, 3, H, W) inside. Points are
(x, y) with integer pixel centres. Times are exact fractions of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Image = NDArray[np.uint8]
Points = NDArray[np.float32]
Matrix = NDArray[np.float64]

LANDMARKS = 74
BODY = 26  # points on neck, shoulders, forehead and hair, see `faces.tracking.body_motion`


class Kind(StrEnum):
    """The kinds of input: a picture, a video, a folder of numbered pictures, a driver template."""

    IMAGE = "image"
    VIDEO = "video"
    FRAMES = "frames"
    TEMPLATE = "template"


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file or folder that a run reads. `media.input_file.open_input` makes it, once per file.

    kind: found from the content; sha256: hexadecimal, of the file's bytes or of a folder's files.
    """

    path: Path
    kind: Kind
    sha256: str


@dataclass(frozen=True, kw_only=True, eq=False)
class InputFrames:
    """A driver in memory. pixels (T, H, W, 3) uint8 RGB; rate: frames a second; name: for reports.

    It is treated like a folder of numbered pictures, or like one picture if T is 1.
    """

    pixels: Image
    rate: Fraction = Fraction(25)
    name: str = "frames"

    @property
    def path(self) -> Path:
        """The name as a path, because files have one."""
        return Path(self.name)

    @property
    def kind(self) -> Kind:
        """A picture if there is one frame, else a series of them."""
        return Kind.IMAGE if len(self.pixels) == 1 else Kind.FRAMES


@dataclass(frozen=True, kw_only=True, eq=False)
class Photo:
    """A still image as read: upright, 8 bits, sRGB.

    pixels (H, W, 3) uint8; alpha (H, W) uint8, or None for an opaque image;
    notes: changes made while reading ("16-bit reduced to 8"), for the user;
    sha256: hexadecimal, of the file's bytes, or of the pixels of a photo that came from memory.
    """

    path: Path
    pixels: Image
    alpha: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class AudioInfo:
    """One audio track: its place among the audio streams, codec, and start on the video clock."""

    index: int
    codec: str
    sample_rate: int
    channels: int
    start_s: Fraction
    duration_s: Fraction | None


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """A video's properties, after rotation and with square pixels.

    width, height: of the upright, square-pixel frames that the reader yields;
    rate: average frame rate, exact; frames: declared count, None where the container has none;
    is_variable: time stamps are not evenly spaced; bits: per colour component.
    """

    path: Path
    width: int
    height: int
    rate: Fraction
    frames: int | None
    duration_s: Fraction | None
    codec: str
    bits: int = 8
    rotation_deg: int = 0
    is_variable: bool = False
    audio: tuple[AudioInfo, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """One decoded frame: pixels (H, W, 3) uint8, its number from 0, and its exact time.

    time_s is counted from the first frame that was asked for; is_concealed: the packet was
    damaged, and the frame repeats the one before.
    """

    pixels: Image
    index: int
    time_s: Fraction
    is_concealed: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Detection:
    """A detected face that the landmark network confirmed.

    box (x0, y0, x1, y1) in pixels; landmarks (74, 2) in pixels; confidence (74,) in [0, 1].
    """

    box: tuple[float, float, float, float]
    landmarks: Points
    confidence: NDArray[np.float32]

    @property
    def score(self) -> float:
        """Mean confidence of the points."""
        return float(self.confidence.mean())


@dataclass(frozen=True, kw_only=True, eq=False)
class Crop:
    """A square cut from a frame: crop_to_frame (2, 3) maps crop pixels to frame pixels.

    size: pixels of the square's side.
    """

    crop_to_frame: Matrix
    size: int


@dataclass(frozen=True, kw_only=True)
class OpenEdges:
    """The edges of a face square beyond which the photo continues, and stays still."""

    left: bool = False
    top: bool = False
    right: bool = False
    bottom: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Codes:
    """The codes of a driver's frames, from a model that reads frames.

    encoder_id: names the model and weights that can use the codes; values (T, D) float32, finite in
    every frame, with places and sizes in driver pixels.
    """

    encoder_id: str
    values: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """The result of pass 1: the face's points in every frame of a driver.

    landmarks (T, 74, 2) float32 in driver pixels, smoothed, finite in every frame;
    confidence (T, 74) float32 in [0, 1], 0 where the face was lost;
    found (T,) bool: the face was found in this frame;
    times_s: T exact times; rate: average frame rate; width, height: of the driver's frames;
    driver: its file name; sha256: of its bytes; frames_declared: frames that the container states;
    frames_concealed: damaged frames that were replaced by the one before;
    cut (T,) bool: the picture jumps to another shot before this frame;
    motion_weight (T,) float32 in [0, 1]: share of the driver's motion; it falls where the face is
    lost and the source returns to its own pose; None: 1 in every frame;
    codes: of a model that reads frames; None: not computed;
    body (T, 26, 2) float16: motion of neck, shoulders and hair besides the head's motion, in units
    of the head, since the shot's first frame (`faces.tracking.body_motion`); None: not computed.
    """

    landmarks: Points
    confidence: NDArray[np.float32]
    found: NDArray[np.bool_]
    cut: NDArray[np.bool_]
    times_s: tuple[Fraction, ...]
    rate: Fraction
    width: int
    height: int
    driver: str
    sha256: str
    frames_declared: int | None = None
    frames_concealed: int = 0
    motion_weight: NDArray[np.float32] | None = None
    codes: Codes | None = None
    body: NDArray[np.float16] | None = None

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def lost(self) -> int:
        """Frames in which no face was seen."""
        return int((~self.found).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedSource:
    """A photo and the face in it that will move: landmarks (74, 2) float32 in photo pixels."""

    photo: Photo
    landmarks: Points


@dataclass(frozen=True, kw_only=True, eq=False)
class TrackedDriver:
    """A driver after pass 1.

    start_s, duration_s: the part of the driver that was read; None: to its end; notes: changes made
    while reading, for the user.
    """

    given: InputFile | InputFrames
    trajectory: Trajectory
    start_s: Fraction = Fraction(0)
    duration_s: Fraction | None = None
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The path of the driver, or the name of frames in memory."""
        return self.given.path

    @property
    def kind(self) -> Kind:
        """The kind of the driver; a template has a trajectory and no frames."""
        return self.given.kind


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendered:
    """A model's output for a batch of frames, at the model's face size S.

    face (B, 3, S, S) float32 in [0, 1];
    grid (B, S, S, 2) normalised, backward, into the source face; None if nothing was warped;
    refine_mask (B, 1, S, S) in [0, 1]: 1 where the network generated pixels, 0 where it
    used the warped source (Zhao et al. 2021, eq. 2, M); None means 0 everywhere.
    """

    face: Tensor
    grid: Tensor | None
    refine_mask: Tensor | None
