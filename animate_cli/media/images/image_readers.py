"""Drivers made of pictures: one picture, a folder of numbered pictures, or an array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from animate_cli.errors import MediaError
from animate_cli.media.container.kind import PICTURE_SUFFIXES
from animate_cli.media.driver import DriverReader
from animate_cli.media.images.image import read_photo
from animate_cli.options import ReadOptions
from animate_cli.records import Frame, InputFrames, Photo, VideoInfo

FOLDER_RATE = Fraction(25)
_NUMBERED = re.compile(r"(.*?)(\d+)$")


class PictureReader(DriverReader):
    """Reads one picture as one frame; start and duration do not apply."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        photo = read_photo(path, max_pixels=options.max_pixels)
        super().__init__(_info(path, photo, count=1), options)
        self._photo = photo

    def _frames(self) -> Iterator[Frame]:
        self.decoded = 1
        yield Frame(pixels=self._photo.pixels, index=0, time_s=Fraction(0))


class FolderReader(DriverReader):
    """Reads pictures numbered without gaps, in the order of numbers, FOLDER_RATE a second."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._files = numbered_pictures(path)
        first = read_photo(self._files[0], max_pixels=options.max_pixels)
        super().__init__(_info(path, first, count=len(self._files)), options)

    def _frames(self) -> Iterator[Frame]:
        for file in self._wanted():
            photo = read_photo(file, max_pixels=self.options.max_pixels)
            height, width = photo.pixels.shape[:2]
            if (width, height) != (self.info.width, self.info.height):
                raise MediaError(
                    f"{file} is {width} x {height}, "
                    f"the first picture {self.info.width} x {self.info.height}",
                    hint="give all pictures of the folder the same size",
                )
            for note in photo.notes:
                self._note(note)
            frame = Frame(
                pixels=photo.pixels, index=self.decoded, time_s=self.decoded / FOLDER_RATE
            )
            self.decoded += 1
            yield frame

    def _wanted(self) -> list[Path]:
        inside = _between(len(self._files), self.info, self.options)
        self.origin_s = inside[0] / FOLDER_RATE
        return [self._files[n] for n in inside]


class MemoryReader(DriverReader):
    """Reads the frames of an array, at the rate given with it."""

    def __init__(self, frames: InputFrames, options: ReadOptions) -> None:
        self._pixels = frames.pixels
        count, height, width = self._pixels.shape[:3]
        info = VideoInfo(
            path=frames.path,
            width=width,
            height=height,
            rate=frames.rate,
            frames=count,
            duration_s=count / frames.rate,
            codec="",
        )
        super().__init__(info, options)

    def _frames(self) -> Iterator[Frame]:
        inside = _between(len(self._pixels), self.info, self.options)
        self.origin_s = inside[0] / self.info.rate
        for number in inside:
            time_s = self.decoded / self.info.rate
            pixels = np.ascontiguousarray(self._pixels[number])
            yield Frame(pixels=pixels, index=self.decoded, time_s=time_s)
            self.decoded += 1


def _between(count: int, info: VideoInfo, options: ReadOptions) -> list[int]:
    """Numbers of the frames between start and end."""
    start, length = options.start_s, options.duration_s
    inside = [n for n in range(count) if n / info.rate >= start]
    if length is not None:
        inside = [n for n in inside if n / info.rate < start + length]
    if not inside:
        raise MediaError(
            f"{info.path}: no picture between start and end",
            hint=f"it lasts {float(count / info.rate):g} s",
        )
    return inside


def numbered_pictures(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of their numbers.

    Raises:
        MediaError: no picture, more than one series, or a number that is missing or occurs twice.
    """
    found: dict[tuple[str, str], dict[int, Path]] = {}
    try:
        files = sorted(folder.iterdir())
    except OSError as error:
        raise MediaError(f"{folder} cannot be read: {error.strerror}", hint="check it") from error
    for file in files:
        match = _NUMBERED.match(file.stem)
        if match and file.suffix.lower() in PICTURE_SUFFIXES and not file.name.startswith("."):
            series = found.setdefault((match[1], file.suffix.lower()), {})
            if int(match[2]) in series:
                raise MediaError(
                    f"{folder} has frame {int(match[2])} twice", hint=f"see {file.name}"
                )
            series[int(match[2])] = file
    if not found:
        raise MediaError(
            f"{folder} holds no numbered pictures", hint="name them like 0001.png, 0002.png, ..."
        )
    if len(found) > 1:
        names = ", ".join(f"{a}N{b}" for a, b in found)
        raise MediaError(f"{folder} holds several series: {names}", hint="leave one in it")
    return _without_gaps(folder, next(iter(found.values())))


def _without_gaps(folder: Path, series: dict[int, Path]) -> list[Path]:
    numbers = sorted(series)
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))[:5]
    if missing:
        raise MediaError(
            f"{folder}: frames are missing: {', '.join(map(str, missing))}",
            hint="number the pictures without gaps",
        )
    return [series[n] for n in numbers]


def _info(path: Path, photo: Photo, *, count: int) -> VideoInfo:
    height, width = photo.pixels.shape[:2]
    return VideoInfo(
        path=path,
        width=width,
        height=height,
        rate=FOLDER_RATE,
        frames=count,
        duration_s=count / FOLDER_RATE,
        codec=photo.path.suffix.lower().lstrip("."),
        notes=photo.notes,
    )
