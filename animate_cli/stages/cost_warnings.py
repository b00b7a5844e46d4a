"""Warns before slow work begins: outputs above 4K, and heavy models on a CPU."""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animate_cli.media.provenance import Marking
from animate_cli.media.writer import open_writer
from animate_cli.models.base import FaceModel
from animate_cli.options import OutputOptions
from animate_cli.records import Image

USUAL_LONG_SIDE = 4096  # most hardware decoders of H.264 take no more
TRIED_FRAMES = 4

SLOW_S = 1.0  # per frame

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


def warn_if_large(
    frame: Image, path: Path, options: OutputOptions, *, threads: int
) -> tuple[str, ...]:
    """A note on codec limits and expected speed if a frame (H, W, 3) is above 4K; else ()."""
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
    """Seconds to encode one such frame, measured in a temporary folder."""
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


def warn_if_slow(model: FaceModel[Any, Any, Any], device: torch.device) -> None:
    """Log a frame's expected time if the model is slow on a CPU."""
    encoder = model.frame_encoder()
    if device.type != "cpu" or encoder is None:
        return
    seconds = encoder.gmac_per_frame / gmac_per_s()
    if seconds > SLOW_S:
        hours = seconds * 25 * 60 / 3600
        logger.warning(
            "note: this model takes about %.1f s a frame on this CPU, %.1f hours for a minute of "
            "25 frames/s; a GPU is some hundred times faster",
            seconds,
            hours,
        )


def is_heavy(model: FaceModel[Any, Any, Any]) -> bool:
    """Whether rendering is so slow that it should use all cores."""
    return model.frame_encoder() is not None


def gmac_per_s() -> float:
    """Billions of multiply-accumulates a second, measured with one convolution (about 0.1 s)."""
    import torch

    picture, taps = torch.rand(1, 256, 45, 45), torch.rand(256, 256, 3, 3)
    torch.conv2d(picture, taps, padding=1)
    begun = time.perf_counter()
    torch.conv2d(picture, taps, padding=1)
    return float(256 * 256 * 9 * 45**2) / 1e9 / (time.perf_counter() - begun)
