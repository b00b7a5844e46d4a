"""Decides where the result is written, and raises for impossible outputs before any work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animate_cli.errors import OptionError
from animate_cli.media.audio_plan import AudioPlan, plan_audio
from animate_cli.media.codecs import RECIPES, encoding_for
from animate_cli.media.images.image import keeps_alpha
from animate_cli.media.target import check_target
from animate_cli.options import Options
from animate_cli.records import InputFile, InputFrames, Kind, Photo, TrackedDriver

IMAGE_SUFFIX = ".png"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """The output.

    kind: the driver's kind: IMAGE gives a picture, all others a video;
    inputs: files that must not be overwritten; audio: the sound; None: no sound.
    """

    path: Path
    kind: Kind
    inputs: tuple[Path, ...]
    audio: AudioPlan | None

    @property
    def has_alpha(self) -> bool:
        """Whether the photo's transparency can be written."""
        return self.kind is Kind.IMAGE and keeps_alpha(self.path)


def decide_destination(
    photo: Photo,
    driver: InputFile | InputFrames | TrackedDriver,
    output: Path | None,
    options: Options,
) -> Destination:
    """Use the given path; None: SOURCE--DRIVER, the codec's suffix, working directory.

    Raises:
        MediaError: the sound cannot be read.
        OutputError: the path exists, is an input, or its folder is missing or not writable.
        OptionError: options contradict each other.
    """
    start_s = options.read.start_s
    if isinstance(driver, TrackedDriver):
        start_s, driver = driver.start_s, driver.given
    kind = driver.kind
    path = output or Path(f"{photo.path.stem}--{driver.path.stem}{_suffix(kind, options)}")
    if kind is not Kind.IMAGE:
        encoding_for(path, options.output)
    if kind is Kind.TEMPLATE and options.output.side_by_side:
        hint = "give the video it came from, or leave --side-by-side out"
        raise OptionError(f"{driver.path} is a template and has no pictures to show", hint=hint)
    inputs = photo.path, driver.path
    check_target(path, overwrite=options.output.overwrite, inputs=inputs)
    audio = plan_audio(options.output.audio, driver=driver, start_s=start_s)
    return Destination(path=path, kind=kind, inputs=inputs, audio=audio)


def _suffix(kind: Kind, options: Options) -> str:
    return IMAGE_SUFFIX if kind is Kind.IMAGE else RECIPES[options.output.codec].suffixes[0]
