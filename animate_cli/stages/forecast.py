"""Results above 4K: what to expect, measured and told before the work begins."""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from animate_cli.media.provenance import Marking
from animate_cli.media.writer import open_writer
from animate_cli.options import OutputOptions
from animate_cli.records import Image

USUAL_LONG_SIDE = 4096  # beyond this, hardware decoders of H.264 give up
TRIED_FRAMES = 4

logger = logging.getLogger(__name__)


def forewarn(frame: Image, path: Path, options: OutputOptions, *, threads: int) -> tuple[str, ...]:
    """A note on codec limits and expected speed for frames (H, W, 3) above 4K, else nothing."""
    height, width = frame.shape[:2]
    if max(height, width) <= USUAL_LONG_SIDE:
        return ()
    speed = 1 / encoding_s(frame, path.suffix, options, threads=threads)
    note = (
        f"{width}x{height} is beyond what many players and hardware decoders take "
        f"({USUAL_LONG_SIDE} pixels); expect at most {speed:.1f} frames/s here"
    )
    logger.warning("note: %s", note)
    return (note,)


def encoding_s(frame: Image, suffix: str, options: OutputOptions, *, threads: int) -> float:
    """Seconds to encode one such frame, tried out in a temporary folder."""
    height, width = frame.shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with open_writer(
            Path(folder) / f"trial{suffix}",
            width=width,
            height=height,
            rate=Fraction(25),
            options=replace(options, audio="none"),
            marking=Marking(version="", model="", source_sha256=""),
            threads=threads,
        ) as writer:
            for index in range(TRIED_FRAMES):
                writer.write(frame, Fraction(index, 25))
        return (time.perf_counter() - begun) / TRIED_FRAMES
