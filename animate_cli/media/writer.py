"""Opens the right writer for an output; the file appears only when it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from animate_cli.media.codecs import encoding_for
from animate_cli.media.images.folder_writer import FolderWriter
from animate_cli.media.output_plan import OutputPlan, VideoWriter
from animate_cli.media.provenance import Marking
from animate_cli.media.sound.mux import SILENT_SUFFIXES, AudioPlan
from animate_cli.media.target import remove, replacing
from animate_cli.media.video.encode import EncodedWriter
from animate_cli.media.video.ffmpeg import PipedWriter
from animate_cli.media.video.segments import Film, SegmentedWriter
from animate_cli.options import OutputOptions

__all__ = ["VideoWriter", "open_writer"]


@contextmanager
def open_writer(
    path: Path,
    *,
    width: int,
    height: int,
    rate: Fraction,
    options: OutputOptions,
    marking: Marking,
    audio: AudioPlan | None = None,
    inputs: tuple[Path, ...] = (),
    threads: int = 0,
    film: Film | None = None,
) -> Iterator[VideoWriter]:
    """Write a video, a GIF, or (codec png) a folder of numbered pictures.

    rate: average frames a second; each frame is shown at its own time_s. inputs: files
    that must not be overwritten. threads: of the encoder; 0: one per core. film: write in segments;
    complete segments stay on disk until the film is complete. The file appears under its name when
    the block succeeds; otherwise only complete segments are left.

    Raises:
        OptionError: the container does not take the codec.
        OutputError: the file exists, is an input, or cannot be written.
    """
    encoding = encoding_for(path, options)
    with replacing(path, overwrite=options.overwrite, inputs=inputs) as part:
        plan = OutputPlan(
            path=path,
            part=part,
            width=width,
            height=height,
            rate=rate,
            encoding=encoding,
            marking=marking,
            audio=audio,
            threads=threads,
        )
        writer = _writer(plan, film)
        if audio is not None and encoding.suffix in SILENT_SUFFIXES:
            writer.note("this format has no sound")
        try:
            yield writer
            writer.finish()
        except BaseException:
            writer.abort()
            raise
    if film is not None:
        remove(film.folder)


def _writer(plan: OutputPlan, film: Film | None) -> VideoWriter:
    if plan.encoding.is_external:
        return PipedWriter(plan)
    if film is not None:
        return SegmentedWriter(plan, film)
    return FolderWriter(plan) if plan.encoding.encoder == "png" else EncodedWriter(plan)
