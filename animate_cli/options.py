"""The options of an animation and their defaults, which the command line uses, too."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from fractions import Fraction

from animate_cli.errors import OptionError

MAX_AMOUNT = 2.0  # as a multiple of the filmed motion: larger ones break faces


class Detector(StrEnum):
    """The face detector; the landmark network then accepts or rejects each detected face.

    AUTO: YuNet if its weights are downloaded, else Viola-Jones.
    """

    AUTO = "auto"
    VIOLA_JONES = "viola-jones"
    YUNET = "yunet"
    DLIB = "dlib"


class Lost(StrEnum):
    """How to treat frames in which the driver's face is not found.

    HOLD: repeat the last motion; INTERPOLATE: interpolate over the gap; REST: fade to the photo's
    own pose; FAIL: end the run with an error.
    """

    HOLD = "hold"
    INTERPOLATE = "interpolate"
    REST = "rest"
    FAIL = "fail"


class Registration(StrEnum):
    """Whether the driver's landmarks are corrected by comparing each frame with the first."""

    ON = "on"
    OFF = "off"


class Motion(StrEnum):
    """RELATIVE: add the driver's change since its anchor frame to the photo's pose and expression;
    ABSOLUTE: use the driver's own pose and expression."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class Only(StrEnum):
    """The part of the driver's motion that is used.

    EYES: lids and gaze; EXPRESSION: all but the pose.
    """

    ALL = "all"
    EYES = "eyes"
    LIPS = "lips"
    POSE = "pose"
    EXPRESSION = "expression"


class Stitching(StrEnum):
    """Whether shoulders and hair stay where the photo has them, in a model that can do so."""

    ON = "on"
    OFF = "off"


class Framing(StrEnum):
    """WHOLE: the whole photo with the moving face; CROP: the square around the face."""

    WHOLE = "whole"
    CROP = "crop"


class ResWarp(StrEnum):
    """The residual warp, which gives full resolution (Yi et al. 2020, figs. 2 and 3)."""

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
    """The library that computes a network's convolutions on a CPU; other devices use torch."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"
    OPENVINO = "openvino"


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How inputs are read.

    start_s, duration_s: the part of the driver that is used, in seconds; None: to its end.
    strict: refuse a damaged driver, rather than use the frames that can be read.
    max_pixels: larger pictures and videos are refused before they are decoded.
    max_duration_s: an error if more seconds of a driver would be used.
    """

    start_s: Fraction = Fraction(0)
    duration_s: Fraction | None = None
    strict: bool = False
    max_pixels: int = 200_000_000
    max_duration_s: Fraction = Fraction(4 * 3600)


@dataclass(frozen=True, kw_only=True)
class FaceOptions:
    """Which face is used, and how it is tracked.

    face: largest, left, right, center, or a number from 1 as printed by --show-faces.
    driver_face: the same for the driver's first frame.
    face_box: x, y, w, h in pixels of the photo, in place of detection.
    registration: see `faces.tracking.registration`.
    smooth: strength of the smoothing over time, 0 (off) to 1.
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
    """The strength of each part of the driver's motion: 0 is none, 1 as filmed, 2 the most.

    pose: rotation, size and position of the head; eyes: lids; gaze: pupils; lips: mouth and jaw;
    expression: the rest of the face, mainly the brows; body: neck, shoulders and hair, multiplied
    by pose.

    Raises:
        OptionError: an amount is not from 0 to 2.
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
    """How the driver's motion is transferred to the photo.

    weights: a registered name, hf://org/repo/file@revision or a file; None: the model's own.
    commercial_only: refuse weights whose licence does not allow commercial use.
    anchor: auto, first, or a frame number from 0: the frame from which relative motion is measured.
    strength: 0 (still) to 2; 1 is as filmed; multiplies every amount.
    identity: 0, the photo's own head shape, to 1, the driver's.
    stitching: used by the model liveportrait only.

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
        """Each part's strength, from `strength`, `amount` and `only` together; each at most 2."""
        shares = {
            one.name: min(MAX_AMOUNT, self.strength * getattr(self.amount, one.name))
            for one in fields(Amounts)
        }
        locked = {name: 0.0 for name in shares if name not in _PARTS_OF[self.only]}
        return replace(self.amount, **(shares | locked))

    @property
    def body(self) -> float:
        """The strength of the body's motion: `strength` x amount of body x amount of pose."""
        return min(MAX_AMOUNT, self.amounts.body * self.amount.pose)


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How the result is written.

    size: source, 1080p, 4k, or the long side in pixels.
    audio: driver, none, or a file.  background: colour behind a transparent photo, "#rrggbb".
    crf, preset: None: the codec's defaults (`media.codecs`).
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
    """Where networks run. device: auto, cpu, cuda[:N] or mps; threads: 0 means all cores."""

    device: str = "auto"
    threads: int = 0
    engine: Engine = Engine.AUTO
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Options:
    """All options of one animation."""

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
