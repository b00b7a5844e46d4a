"""What a run chooses. The one home of every default: the command line takes its own from here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from fractions import Fraction

from animate_cli.errors import OptionError

MAX_AMOUNT = 2.0  # times as filmed: beyond it faces break


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


class Registration(StrEnum):
    """Whether a driver's points are held against what its first frame shows about them."""

    ON = "on"
    OFF = "off"


class Motion(StrEnum):
    """Relative: the change since the anchor frame; absolute: the driver's own points."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class Only(StrEnum):
    """Which part of the driver's motion alone is taken; eyes: lids and gaze; expression: all but
    the pose."""

    ALL = "all"
    EYES = "eyes"
    LIPS = "lips"
    POSE = "pose"
    EXPRESSION = "expression"


class Stitching(StrEnum):
    """Whether a model that can keeps shoulders and hair where the photo has them."""

    ON = "on"
    OFF = "off"


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


class Engine(StrEnum):
    """Which library computes a network's convolutions on a CPU; other devices have torch alone."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How inputs are read.

    start_s, duration_s: the part of the driver that is used; None: to its end.
    strict: a damaged driver is refused rather than animated as far as it goes.
    max_pixels: larger pictures are refused before they are decoded.
    max_duration_s: drivers of which more is used are refused, before or while they are read.
    """

    start_s: Fraction = Fraction(0)
    duration_s: Fraction | None = None
    strict: bool = False
    max_pixels: int = 200_000_000
    max_duration_s: Fraction = Fraction(4 * 3600)


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """Which face, and how it is followed.

    face: largest, left, right, center, or a number from 1 as printed by --show-faces.
    driver_face: the same for the driver's first frame.
    face_box: x, y, w, h in source pixels: overrides detection.
    registration: whether points are registered between frames, `faces.tracking.registration`.
    smooth: strength of the trajectory filter, 0 (off) to 1.
    """

    detector: Detector = Detector.AUTO
    face: str = "largest"
    driver_face: str = "largest"
    face_box: tuple[float, float, float, float] | None = None
    lost: Lost = Lost.INTERPOLATE
    registration: Registration = Registration.ON
    smooth: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How much of each part of the driver's motion: 0 locks it, 1 is as filmed, at most 2.

    pose: turn, size and place of the head; eyes: lids; gaze: pupils; lips: mouth and jaw;
    expression: the rest of the face, above all the brows; body: what neck, shoulders and hair do
    besides, times pose.

    Raises:
        OptionError: an amount is no number from 0 to 2.
    """

    pose: float = 1.0
    expression: float = 1.0
    eyes: float = 1.0
    gaze: float = 1.0
    lips: float = 1.0
    body: float = 1.0

    def __post_init__(self) -> None:
        for one in fields(self):
            _check(f"amount of {one.name}", getattr(self, one.name), most=MAX_AMOUNT)

    def __str__(self) -> str:
        return ",".join(f"{one.name}={getattr(self, one.name):g}" for one in fields(self))


@dataclass(frozen=True, kw_only=True)
class MotionOptions:
    """How the driver's motion becomes the source's.

    weights: a registered name, hf://org/repo/file@revision or a file; None: the model's own.
    commercial_only: a model is refused whose weights' licence does not allow commercial use.
    anchor: auto, first, or a frame number from 0.  strength: 0 (still) to 2, 1 as filmed: times
    every amount.  identity: 0, the source's own head, to 1, the driver's.
    stitching: for models that have it: LivePortrait.

    Raises:
        OptionError: strength or identity is out of range.
    """

    model: str = "sparse_to_dense"
    weights: str | None = None
    commercial_only: bool = False
    motion: Motion = Motion.RELATIVE
    anchor: str = "auto"
    strength: float = 1.0
    amount: Amounts = field(default_factory=Amounts)
    only: Only = Only.ALL
    identity: float = 0.0
    stitching: Stitching = Stitching.ON

    def __post_init__(self) -> None:
        _check("strength", self.strength, most=MAX_AMOUNT)
        _check("identity", self.identity, most=1)

    @property
    def amounts(self) -> Amounts:
        """What strength, amount and only come to, each part at most 2."""
        shares = {
            one.name: min(MAX_AMOUNT, self.strength * getattr(self.amount, one.name))
            for one in fields(Amounts)
        }
        locked = {name: 0.0 for name in shares if name not in _PARTS_OF[self.only]}
        return replace(self.amount, **(shares | locked))

    @property
    def body(self) -> float:
        """How much of what the body does by itself: strength times its amount and the pose's."""
        return min(MAX_AMOUNT, self.amounts.body * self.amount.pose)


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
    engine: Engine = Engine.AUTO
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything one animation chooses."""

    read: ReadOptions = field(default_factory=ReadOptions)
    faces: FaceOptions = field(default_factory=FaceOptions)
    motion: MotionOptions = field(default_factory=MotionOptions)
    output: OutputOptions = field(default_factory=OutputOptions)
    compute: ComputeOptions = field(default_factory=ComputeOptions)


_PARTS_OF = {
    Only.ALL: ("pose", "expression", "eyes", "gaze", "lips", "body"),
    Only.POSE: ("pose", "body"),
    Only.EXPRESSION: ("expression", "eyes", "gaze", "lips"),
    Only.EYES: ("eyes", "gaze"),
    Only.LIPS: ("lips",),
}


def _check(name: str, value: float, *, most: float) -> None:
    if not (math.isfinite(value) and 0 <= value <= most):
        hint = f"give a number from 0 to {most:g}"
        raise OptionError(f"{name} is {value:g}, which is out of range", hint=hint)
