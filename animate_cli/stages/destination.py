"""Where a result goes: decided, and refused if it must be, before any work begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animate_cli.errors import OptionError
from animate_cli.media.codecs import RECIPES, encoding_for
from animate_cli.media.container.kind import Kind, kind_of
from animate_cli.media.sound.mux import AudioPlan, plan_audio
from animate_cli.media.target import check_target
from animate_cli.options import Options

IMAGE_SUFFIX = ".png"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What will be written. kind: of the driver, which decides between video and image."""

    path: Path
    source: Path
    driver: Path
    kind: Kind
    audio: AudioPlan | None

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that must not be overwritten."""
        return self.source, self.driver


def decide_destination(
    source: Path, driver: Path, output: Path | None, options: Options
) -> Destination:
    """The path as given, or SOURCE--DRIVER with the codec's usual suffix, in this folder.

    Raises:
        MediaError: the driver or the sound cannot be read.
        OutputError: the path exists, is one of the inputs, or its folder is missing or closed.
        OptionError: options that cannot be met together.
    """
    kind = kind_of(driver)
    path = output or Path(f"{source.stem}--{driver.stem}{_suffix(kind, options)}")
    if kind is not Kind.IMAGE:
        encoding_for(path, options.output)
    if kind is Kind.TEMPLATE and options.output.side_by_side:
        hint = "give the video it came from, or leave --side-by-side out"
        raise OptionError(f"{driver} is a template and has no pictures to show", hint=hint)
    check_target(path, overwrite=options.output.overwrite, inputs=(source, driver))
    audio = plan_audio(options.output.audio, driver=driver, start_s=options.read.start_s)
    return Destination(path=path, source=source, driver=driver, kind=kind, audio=audio)


def _suffix(kind: Kind, options: Options) -> str:
    return IMAGE_SUFFIX if kind is Kind.IMAGE else RECIPES[options.output.codec].suffixes[0]
