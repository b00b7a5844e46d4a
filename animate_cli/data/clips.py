"""The frames of a labelled clip: one reader for training, evaluation and `animate prepare`.

It is the reader of drivers, `media.reader`: rotation, pixel shape, colour and damage are settled
there, so that label n belongs to the same picture for everyone who reads the clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from animate_cli.media.reader import open_driver
from animate_cli.options import ReadOptions
from animate_cli.records import Frame


def read_clip(path: Path, *, threads: int = 1) -> Iterator[Frame]:
    """A clip's frames in order, numbered from 0: upright RGB (H, W, 3) uint8, with times.

    A damaged frame is replaced by the one before it, so that the numbers stay those of the labels.

    Args:
        threads: for decoding; 0: one per core.

    Raises:
        MediaError: it cannot be read, or holds no frame.
    """
    with open_driver(path, ReadOptions(), threads=threads) as reader:
        yield from reader
