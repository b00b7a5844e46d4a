"""What a run chooses. The one home of every default: the command line takes its own from here."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction


class Detector(StrEnum):
    """Who proposes faces; the landmark network confirms or refuses every proposal."""

    AUTO = "auto"
    VIOLA_JONES = "viola-jones"
    YUNET = "yunet"
    DLIB = "dlib"


class Lost(StrEnum):
    """What happens in frames in which the driver's face is not seen."""

    HOLD = "hold"
    INTERPOLATE = "interpolate"
    REST = "rest"
    FAIL = "fail"


class Motion(StrEnum):
    """Relative: the change since the anchor frame; absolute: the driver's own points."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class Framing(StrEnum):
    """Whole: the face goes back into the photo; crop: the face square alone."""

    WHOLE = "whole"
    CROP = "crop"


class ResWarp(StrEnum):
    """Which residual warp brings the result to full resolution (Yi et al. 2020, figs. 2 and 3)."""

    VANILLA = "vanilla"
    MULTISCALE = "multiscale"


class Codec(StrEnum):
    """Video codec of the output; PNG writes a numbered image folder."""

    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    PRORES = "prores"
    PNG = "png"


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How inputs are read.

    start_s, duration_s: the part of the driver that is used; None: to its end.
    strict: a damaged driver is refused rather than animated as far as it goes.
    max_pixels: larger pictures are refused before they are decoded.
    """

    start_s: Fraction = Fraction(0)
    duration_s: Fraction | None = None
    strict: bool = False
    max_pixels: int = 200_000_000


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """Which face, and how it is followed.

    face: largest, left, right, center, or a number from 1 as printed by --show-faces.
    driver_face: the same for the driver's first frame.
    face_box: x, y, w, h in source pixels: overrides detection.
    smooth: strength of the trajectory filter, 0 (off) to 1.
    """

    detector: Detector = Detector.AUTO
    face: str = "largest"
    driver_face: str = "largest"
    face_box: tuple[float, float, float, float] | None = None
    lost: Lost = Lost.INTERPOLATE
    smooth: float = 0.5


@dataclass(frozen=True, kw_only=True)
class MotionOptions:
    """How the driver's motion becomes the source's.

    weights: a registered name or a .safetensors file; None: the model's own, if it has any.
    commercial_only: a model is refused whose weights' licence does not allow commercial use.
    anchor: auto, first, or a frame number from 0.  strength: 0 (still) to 2, 1 as filmed.
    """

    model: str = "thin_plate"
    weights: str | None = None
    commercial_only: bool = False
    motion: Motion = Motion.RELATIVE
    anchor: str = "auto"
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """What is written.

    size: source, 1080p, 4k, or the long side in pixels.
    audio: driver, none, or a file.  background: colour under transparent sources, "#rrggbb".
    encoder: name of a hardware encoder of an installed ffmpeg; None: the built-in ones.
    """

    size: str = "source"
    framing: Framing = Framing.WHOLE
    side_by_side: bool = False
    reswarp: ResWarp = ResWarp.VANILLA
    codec: Codec = Codec.H264
    crf: int | None = None
    preset: str | None = None
    encoder: str | None = None
    audio: str = "driver"
    background: str = "#000000"
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class ComputeOptions:
    """Where it runs: device auto, cpu, cuda[:N] or mps; threads 0 means all cores."""

    device: str = "auto"
    threads: int = 0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything one animation chooses."""

    read: ReadOptions = field(default_factory=ReadOptions)
    faces: FaceOptions = field(default_factory=FaceOptions)
    motion: MotionOptions = field(default_factory=MotionOptions)
    output: OutputOptions = field(default_factory=OutputOptions)
    compute: ComputeOptions = field(default_factory=ComputeOptions)
