"""When the frames of a clip are shown."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.records import VideoInfo


def frame_times(
    path: Path, count: int | None, threads: int
) -> tuple[tuple[Fraction, ...], VideoInfo]:
    """Times of a clip's first `count` frames in seconds, None: of all; and the clip's properties.

    Raises:
        MediaError: the clip cannot be read.
    """
    with open_driver(path, ReadOptions(), threads=threads) as reader:
        return tuple(frame.time_s for frame in islice(reader, count)), reader.info


def span(times_s: tuple[Fraction, ...], begin: int, end: int) -> ReadOptions:
    """Options that read frames `begin` to `end` - 1, or to the last one of a shorter clip."""
    length_s = times_s[end] - times_s[begin] if end < len(times_s) else None
    return ReadOptions(start_s=times_s[begin], duration_s=length_s)
