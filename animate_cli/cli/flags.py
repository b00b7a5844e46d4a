"""Every field of `Options` as a flag: its name, its meaning, how its text is read.

Defaults are taken from the records, so each is written once. `takes_options` gives a command the
flags of the sections it names and hands it the frozen record.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, TypeVar, get_type_hints

import typer

from animate_cli.cli.amounts import amounts
from animate_cli.cli.console import Verbosity, open_console
from animate_cli.options import Framing, Options

Result = TypeVar("Result")


def seconds(text: str | Fraction) -> Fraction:
    """2.5, 2.5s, 1:30 or 1:02:03.5 -> exact seconds."""
    total = Fraction(0)
    for part in (Fraction(part) for part in str(text).strip().removesuffix("s").split(":")):
        if part < 0:
            raise ValueError(f"{text!r} is before the beginning")
        total = total * 60 + part
    return total


def box(text: str | tuple[float, ...]) -> tuple[float, float, float, float]:
    """x,y,w,h -> four numbers, the last two above 0."""
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
    """One field of one section of `Options`.

    parse: text to value, where the field's own type does not say it; turns_on: the value that a
    bare flag without text stands for.
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
        """Where its value goes: output.overwrite."""
        return f"{self.section}.{self.field}"

    @property
    def option(self) -> str:
        """As typed: --side-by-side."""
        return f"--{self.name or self.field.replace('_', '-')}"

    @property
    def key(self) -> str:
        """As a Python name: side_by_side."""
        return self.option[2:].replace("-", "_")


FLAGS = (
    Flag(section="read", field="start_s", name="start", metavar="TIME", parse=seconds,
         help="Begin the driver here: 2.5, 2.5s or 1:02.5."),
    Flag(section="read", field="duration_s", name="duration", metavar="TIME", parse=seconds,
         help="Use this much of the driver; without it, to its end."),
    Flag(section="read", field="strict", help="Refuse a damaged driver instead of going on."),
    Flag(section="read", field="max_pixels", least=1,
         help="Refuse larger pictures before decoding them."),
    Flag(section="read", field="max_duration_s", name="max-duration", metavar="TIME", parse=seconds,
         help="Refuse drivers of which more than this is used."),
    Flag(section="faces", field="detector", help="Who proposes faces."),
    Flag(section="faces", field="face", metavar="WHICH",
         help="largest, left, right, center, or a number as --show-faces prints it."),
    Flag(section="faces", field="driver_face", metavar="WHICH",
         help="The same for the driver's first frame."),
    Flag(section="faces", field="face_box", metavar="X,Y,W,H", parse=box,
         help="Where the photo's face is, in pixels: overrides detection."),
    Flag(section="faces", field="lost", help="What happens in frames without a face."),
    Flag(section="faces", field="registration",
         help="Hold the driver's points against what its first frame shows about them."),
    Flag(section="faces", field="smooth", least=0, most=1,
         help="Strength of the smoothing over time; 0: off."),
    Flag(section="motion", field="model", help="Who draws the moved face."),
    Flag(section="motion", field="weights", metavar="NAME|hf://...|FILE",
         help="Other weights: a name of `animate weights list`, hf://org/repo/file, or a file."),
    Flag(section="motion", field="commercial_only",
         help="Refuse weights whose licence does not allow commercial use."),
    Flag(section="motion", field="motion",
         help="The change since the anchor frame, or the driver's own face shape."),
    Flag(section="motion", field="anchor", metavar="auto|first|N",
         help="The driver frame from which relative motion is measured."),
    Flag(section="motion", field="strength", least=0, most=2,
         help="How much of the motion: 0 is still, 1 as filmed; times every --amount."),
    Flag(section="motion", field="amount", metavar="PART=N,...", parse=amounts,
         help="How much of each part, 0 to 2: pose, expression (brows), eyes (lids), gaze, lips,"
         " body (neck, shoulders and hair; times pose)."),
    Flag(section="motion", field="only",
         help="Take this part alone; eyes: lids and gaze; expression: all but the pose."),
    Flag(section="motion", field="identity", least=0, most=1,
         help="How much of the driver's head shape; 0: the photo's own."),
    Flag(section="motion", field="stitching",
         help="LivePortrait: keep shoulders and hair where the photo has them."),
    Flag(section="output", field="size", metavar="source|1080p|4k|N",
         help="Long side of the result in pixels."),
    Flag(section="output", field="framing", name="crop", turns_on=Framing.CROP,
         help="Write the face square alone."),
    Flag(section="output", field="side_by_side",
         help="Source, driver and result in one video."),
    Flag(section="output", field="reswarp", help="How detail is brought to full resolution."),
    Flag(section="output", field="codec", help="Video codec; png writes a folder of images."),
    Flag(section="output", field="crf", least=0, most=63,
         help="Quality: smaller is better; without it, the codec's usual one."),
    Flag(section="output", field="preset", help="The encoder's speed, such as veryfast."),
    Flag(section="output", field="encoder",
         help="Hardware encoder of an installed ffmpeg, such as h264_nvenc."),
    Flag(section="output", field="audio", metavar="driver|none|FILE", help="Sound of the result."),
    Flag(section="output", field="background", metavar="#RRGGBB",
         help="Colour under a transparent photo where the output has no alpha."),
    Flag(section="output", field="overwrite", help="Replace an existing output."),
    Flag(section="compute", field="device", metavar="WHERE",
         help="auto, cpu, cuda, cuda:N or mps."),
    Flag(section="compute", field="threads", least=0, help="CPU threads; 0: all cores."),
    Flag(section="compute", field="engine",
         help="Who computes the default model's convolutions on a CPU."),
    Flag(section="compute", field="seed", help="Seed of everything random."),
)  # fmt: skip

SECTIONS = tuple(field.name for field in fields(Options))
_PANELS = {
    "read": "Reading",
    "faces": "Faces",
    "motion": "Motion",
    "output": "Output",
    "compute": "Machine",
}
_TALK = {
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="Say more; show tracebacks.")],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")],
    "log_file": Annotated[
        Path | None, typer.Option("--log-file", help="Write everything said to a file, too.")
    ],
}

TALK_KEYS = tuple(_TALK)


def takes_options(*sections: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Replace a command's parameter `options: Options` by the flags of these sections.

    sections: "read" for a whole section, "output.overwrite" for one of its fields.
    Every command also gets -v, -q and --log-file, settled before it runs.
    """
    flags = tuple(flag for flag in FLAGS if {flag.section, flag.path} & set(sections))

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(command, eval_str=True).parameters
        hands_over = "options" in own

        @functools.wraps(command)
        def parsed(**values: object) -> Result:
            talk = Verbosity(**{field.name: values.pop(field.name) for field in fields(Verbosity)})  # type: ignore[arg-type]
            chosen = {flag.key: values.pop(flag.key) for flag in flags}
            if hands_over:
                values["options"] = options_from(chosen)
            open_console(talk)
            return command(**values)

        parameters = [
            *(own[name] for name in own if name != "options"),
            *(_parameter(flag) for flag in flags),
            *_talk_parameters(),
        ]
        parsed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        parsed.__annotations__ = {one.name: one.annotation for one in parameters}
        return parsed

    return decorate


def takes_record(
    parameter: str, record: type, flags: Mapping[str, typer.models.OptionInfo]
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Replace a command's parameter of a frozen record by flags of some of its fields.

    flags: by field; types and defaults are the record's, as are the fields without a flag.
    """
    usual, hints = record(), get_type_hints(record)

    def decorate(command: Callable[..., Result]) -> Callable[..., Result]:
        own = inspect.signature(command, eval_str=True).parameters

        @functools.wraps(command)
        def parsed(**values: object) -> Result:
            chosen = {name: values.pop(name) for name in flags}
            return command(**values, **{parameter: replace(usual, **chosen)})

        derived = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=getattr(usual, name),
                annotation=Annotated[hints[name], option],
            )
            for name, option in flags.items()
        ]
        kept = [own[name] for name in own if name != parameter]
        parsed.__signature__ = inspect.Signature([*kept, *derived])  # type: ignore[attr-defined]
        parsed.__annotations__ = {one.name: one.annotation for one in (*kept, *derived)}
        return parsed

    return decorate


def options_from(values: Mapping[str, object]) -> Options:
    """Flag values by key -> the record; fields without a value keep their default."""
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
    """What the records say."""
    return getattr(getattr(Options(), flag.section), flag.field)


def _parameter(flag: Flag) -> inspect.Parameter:
    default = default_of(flag)
    annotation: object = get_type_hints(type(getattr(Options(), flag.section)))[flag.field]
    if flag.parse is not None:
        annotation = str
    if flag.turns_on is not None:
        annotation, default = bool, default == flag.turns_on
    is_switch = annotation is bool
    option = typer.Option(
        flag.option,
        help=flag.help,
        metavar=flag.metavar,
        parser=flag.parse,
        min=flag.least,
        max=flag.most,
        show_default=not is_switch,
        rich_help_panel=_PANELS[flag.section],
    )
    return inspect.Parameter(
        flag.key,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, option],
    )


def _talk_parameters() -> list[inspect.Parameter]:
    talk = Verbosity()
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, kind, default=getattr(talk, name), annotation=annotation)
        for name, annotation in _TALK.items()
    ]
