"""Converts rendered frames for an encoder: even size, pixel format and time stamps."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from animate_cli.media.container.colour import from_rgb
from animate_cli.media.output_plan import OutputPlan
from animate_cli.records import Image

_CLOCK = 90_000
_FINEST_CLOCK = 10_000_000
_GIF_CLOCK = Fraction(1, 100)


class EncoderFrames:
    """Frames in the encoder's pixel format, padded at the edge to an even size if needed."""

    def __init__(self, plan: OutputPlan) -> None:
        self._shape = plan.height, plan.width, 3
        self._format = plan.encoding.pixel_format
        self._converter = VideoReformatter()
        self._pad_x = plan.width % 2 if plan.encoding.needs_even else 0
        self._pad_y = plan.height % 2 if plan.encoding.needs_even else 0
        self.width, self.height = plan.width + self._pad_x, plan.height + self._pad_y
        self.notes: tuple[str, ...] = ()
        if self._pad_x or self._pad_y:
            self.notes = (
                f"{plan.width} x {plan.height} padded to {self.width} x {self.height}: "
                f"{self._format} needs even sizes",
            )

    def frame(self, pixels: Image) -> VideoFrame:
        """Convert (H, W, 3) uint8."""
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise ValueError(f"expected {self._shape} uint8, not {pixels.shape} {pixels.dtype}")
        if self._pad_x or self._pad_y:
            edge = cv2.BORDER_REPLICATE
            padded = cv2.copyMakeBorder(pixels, 0, self._pad_y, 0, self._pad_x, edge)
            pixels = cast(Image, padded)
        return from_rgb(pixels, self._converter, pixel_format=self._format)


class Timeline:
    """Makes strictly rising time stamps, in a time base in which the average rate is exact.

    AVI stores no times: a frame's stamp is its number. notes: state whether this moved frames.
    """

    def __init__(self, rate: Fraction, suffix: str) -> None:
        self.time_base = _time_base(rate, suffix)
        self.step = max(1, round(1 / rate / self.time_base))
        self.end_s = Fraction(0)
        self.notes: tuple[str, ...] = ()
        self._rate = rate
        self._counts = suffix == ".avi"
        self._last = -1

    def stamp(self, time_s: Fraction) -> int:
        """Stamp of the next frame, in time_base."""
        self.end_s = time_s + 1 / self._rate
        wanted = round(time_s / self.time_base)
        if self._counts:
            if abs(wanted - self._last - 1) > 1:
                rate = f"{float(self._rate):g}"
                self.notes = (f"AVI holds a constant rate only: {rate} frames a second",)
            wanted = self._last + 1
        self._last = max(wanted, self._last + 1)
        return self._last


def _time_base(rate: Fraction, suffix: str) -> Fraction:
    """The time base: exact for frames at this rate, within 6 microseconds for others."""
    if suffix == ".gif":
        return _GIF_CLOCK
    if suffix == ".avi":
        return 1 / rate
    ticks = math.lcm(rate.numerator, _CLOCK)
    return Fraction(1, ticks if ticks <= _FINEST_CLOCK else _CLOCK)
