"""Reads the frames of a labelled clip, for training, evaluation and `animate prepare`.

All use the reader of drivers, `media.reader`, which handles rotation, pixel shape, colour and
damage; label n therefore belongs to the same picture in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.records import Frame


def read_clip(path: Path, *, threads: int = 1) -> Iterator[Frame]:
    """A clip's frames in order, numbered from 0: upright RGB (H, W, 3) uint8, with times.

    A damaged frame is replaced by the one before it, so that frame n keeps label n.

    Args:
        threads: for decoding; 0: one per core.

    Raises:
        MediaError: it cannot be read, or holds no frame.
    """
    with open_driver(path, ReadOptions(), threads=threads) as reader:
        yield from reader
