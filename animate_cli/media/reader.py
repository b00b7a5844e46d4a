"""Opens any driver as a stream of upright, square-pixel, 8-bit RGB frames with exact times."""

from __future__ import annotations

from pathlib import Path

from animate_cli.errors import MediaError
from animate_cli.media.container.kind import kind_of
from animate_cli.media.driver import DriverReader
from animate_cli.media.images.image_readers import FolderReader, MemoryReader, PictureReader
from animate_cli.media.video.video_reader import VideoReader
from animate_cli.options import ReadOptions
from animate_cli.records import InputFile, InputFrames, Kind

__all__ = ["DriverReader", "open_driver"]


def open_driver(
    driver: Path | InputFile | InputFrames, options: ReadOptions, *, threads: int = 0
) -> DriverReader:
    """Open a video, a picture (one frame), a folder of numbered pictures, or frames in memory.

    threads: for decoding; 0: one per core.

    Raises:
        MediaError: it cannot be read, or is a driver template, which holds no frames. While
            iterating: nothing lies between start and end; with options.strict, any damage.
    """
    if isinstance(driver, InputFrames):
        return MemoryReader(driver, options)
    path = driver if isinstance(driver, Path) else driver.path
    kind = kind_of(driver) if isinstance(driver, Path) else driver.kind
    if kind is Kind.TEMPLATE:
        raise MediaError(
            f"{path} is a driver template and holds no frames", hint="give the video it came from"
        )
    if kind is Kind.IMAGE:
        return PictureReader(path, options)
    if kind is Kind.FRAMES:
        return FolderReader(path, options)
    return VideoReader(path, options, threads=threads)
