"""The command-line flag of every field of `Options`: name, help text and parser.

The records hold the defaults, each once. `command_flags` gives these flags to commands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction

from animate_cli.cli.amounts import amounts
from animate_cli.models.find import model_names
from animate_cli.options import Framing, Options


def seconds(text: str | Fraction) -> Fraction:
    """The text of a time, 2.5, 2.5s, 1:30 or 1:02:03.5 -> exact seconds."""
    total = Fraction(0)
    for part in (Fraction(part) for part in str(text).strip().removesuffix("s").split(":")):
        if part < 0:
            raise ValueError(f"{text!r} is before the beginning")
        total = total * 60 + part
    return total


def box(text: str | tuple[float, ...]) -> tuple[float, float, float, float]:
    """The text x,y,w,h -> four numbers in pixels, the last two above 0."""
    parts = text.split(",") if isinstance(text, str) else text
    try:
        x, y, width, height = (float(part) for part in parts)
    except ValueError:
        raise ValueError(f"{text!r} is not x,y,w,h in pixels") from None
    if min(width, height) <= 0:
        raise ValueError(f"{text!r} has no area")
    return x, y, width, height


@dataclass(frozen=True, kw_only=True)
class Flag:
    """The flag of one field of one section of `Options`.

    name: without dashes; empty: the field's name; parse: converts the text; None: the field's type
    does; turns_on: for a flag without text, the value that it sets; least, most: the range of a
    number.
    """

    section: str
    field: str
    help: str
    name: str = ""
    metavar: str | None = None
    parse: Callable[[str], object] | None = None
    turns_on: object = None
    least: float | None = None
    most: float | None = None

    @property
    def path(self) -> str:
        """Section and field: output.overwrite."""
        return f"{self.section}.{self.field}"

    @property
    def option(self) -> str:
        """The flag as typed in a shell: --side-by-side."""
        return f"--{self.name or self.field.replace('_', '-')}"

    @property
    def key(self) -> str:
        """The flag as a Python name: side_by_side."""
        return self.option[2:].replace("-", "_")


FLAGS = (
    Flag(section="read", field="start_s", name="start", metavar="TIME", parse=seconds,
         help="Skip this much of the driver: 2.5, 2.5s or 1:02.5."),
    Flag(section="read", field="duration_s", name="duration", metavar="TIME", parse=seconds,
         help="Use only this much of the driver. Default: to its end."),
    Flag(section="read", field="strict",
         help="Refuse a damaged driver, rather than use what can be read of it."),
    Flag(section="read", field="max_pixels", least=1,
         help="Refuse pictures and videos with more pixels than this."),
    Flag(section="read", field="max_duration_s", name="max-duration", metavar="TIME", parse=seconds,
         help="Refuse to use more than this much of a driver."),
    Flag(section="faces", field="detector",
         help="Face detector; auto: yunet where it is downloaded, else viola-jones."),
    Flag(section="faces", field="face", metavar="WHICH",
         help="The photo's face: largest, left, right, center, or a number from --show-faces."),
    Flag(section="faces", field="driver_face", metavar="WHICH",
         help="The driver's face, chosen in its first frame by the same words."),
    Flag(section="faces", field="face_box", metavar="X,Y,W,H", parse=box,
         help="Where the photo's face is, in pixels, in place of detection."),
    Flag(section="faces", field="lost",
         help="Frames without a face. hold: keep the last motion; interpolate: bridge the gap; "
         "rest: fade to the photo's own pose; fail: stop."),
    Flag(section="faces", field="registration",
         help="Correct the driver's landmarks by comparing each frame with the first."),
    Flag(section="faces", field="smooth", least=0, most=1,
         help="Smoothing of the driver's landmarks over time; 0: off."),
    Flag(section="motion", field="model", help=f"Animation model: {', '.join(model_names())}."),
    Flag(section="motion", field="weights", metavar="NAME|hf://...|FILE",
         help="Other weights: a name of `animate weights list`, hf://org/repo/file, or a file."),
    Flag(section="motion", field="commercial_only",
         help="Refuse weights whose licence does not allow commercial use."),
    Flag(section="motion", field="motion",
         help="relative: how the driver changes from its anchor frame on; absolute: the driver's "
         "pose and expression as they are."),
    Flag(section="motion", field="anchor", metavar="auto|first|N",
         help="The driver frame that stands for the photo's own pose in relative motion."),
    Flag(section="motion", field="strength", least=0, most=2,
         help="Strength of the motion: 0 is still, 1 as filmed. Multiplies every --amount."),
    Flag(section="motion", field="amount", metavar="PART=N,...", parse=amounts,
         help="Strength of each part, 0 to 2: pose, expression (brows), eyes (lids), gaze, lips,"
         " body (neck, shoulders and hair; multiplied by pose)."),
    Flag(section="motion", field="only",
         help="Use one part of the motion alone. eyes: lids and gaze; expression: all but pose."),
    Flag(section="motion", field="identity", least=0, most=1,
         help="How much of the driver's head shape the result gets; 0: the photo's own shape."),
    Flag(section="motion", field="stitching",
         help="liveportrait: keep shoulders and hair where they are in the photo."),
    Flag(section="output", field="size", metavar="source|1080p|4k|N",
         help="Long side of the result, in pixels."),
    Flag(section="output", field="framing", name="crop", turns_on=Framing.CROP,
         help="Write only the square around the face."),
    Flag(section="output", field="side_by_side",
         help="Show photo, driver and result side by side."),
    Flag(section="output", field="reswarp",
         help="How the photo's fine detail is warped onto the result (Yi et al. 2020)."),
    Flag(section="output", field="codec",
         help="Video codec; png: a folder of numbered pictures."),
    Flag(section="output", field="crf", least=0, most=63,
         help="Quality (constant rate factor): lower is better. Default: the codec's usual."),
    Flag(section="output", field="preset", help="The encoder's speed, such as veryfast."),
    Flag(section="output", field="encoder",
         help="A hardware encoder of an installed ffmpeg, such as h264_nvenc."),
    Flag(section="output", field="audio", metavar="driver|none|FILE",
         help="Sound of the result: the driver's, none, or a file."),
    Flag(section="output", field="background", metavar="#RRGGBB",
         help="Colour behind a transparent photo, where the result cannot be transparent."),
    Flag(section="output", field="overwrite", help="Replace existing output files."),
    Flag(section="compute", field="device", metavar="DEVICE",
         help="Where to compute: auto, cpu, cuda, cuda:N or mps."),
    Flag(section="compute", field="threads", least=0, help="CPU threads; 0: all cores."),
    Flag(section="compute", field="engine",
         help="The library that computes the default model's convolutions on a CPU."),
    Flag(section="compute", field="seed", help="Seed of all random choices."),
)  # fmt: skip

SECTIONS = tuple(field.name for field in fields(Options))


def options_from(values: Mapping[str, object]) -> Options:
    """Values by flag key -> `Options`; fields without a value keep their default."""
    options = Options()
    for flag in FLAGS:
        if flag.key in values:
            value = values[flag.key]
            if flag.turns_on is not None:
                value = flag.turns_on if value else default_of(flag)
            section = replace(getattr(options, flag.section), **{flag.field: value})
            options = replace(options, **{flag.section: section})
    return options


def default_of(flag: Flag) -> object:
    """The default value of the flag's field."""
    return getattr(getattr(Options(), flag.section), flag.field)
