"""Frames to a file: encoded as they come, with exact times, sound beside; whole or not at all."""

from __future__ import annotations

import contextlib
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from animate_cli.errors import OutputError
from animate_cli.media.codecs import Encoding, encoding_for
from animate_cli.media.colour import from_rgb
from animate_cli.media.container import last_words, reason
from animate_cli.media.gif import Palette
from animate_cli.media.image import write_image
from animate_cli.media.mux import SILENT_SUFFIXES, AudioFeed, AudioPlan
from animate_cli.media.provenance import COMMENT, Marking, mark_gif
from animate_cli.media.target import replacing, told
from animate_cli.options import OutputOptions
from animate_cli.records import Image

_CLOCK = 90_000
_FINEST_CLOCK = 10_000_000
_GIF_CLOCK = Fraction(1, 100)
_BT709, _LIMITED = 1, 1
_DIGITS = 6
_REORDERED = 3


class VideoWriter(ABC):
    """Takes frames in order. notes: what had to be changed, for the user; frames: written."""

    def __init__(self) -> None:
        self.frames = 0
        self._notes: list[str] = []

    @property
    def notes(self) -> tuple[str, ...]:
        """What writing changed so far."""
        return tuple(self._notes)

    @abstractmethod
    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Append a frame: pixels (H, W, 3) uint8, shown from time_s on.

        Raises:
            OutputError: it cannot be encoded or stored.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write what is held back and the index; open_writer calls it."""

    @abstractmethod
    def abort(self) -> None:
        """Let go of the file without finishing it; open_writer calls it."""

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


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
) -> Iterator[VideoWriter]:
    """Write a video, a GIF, or (codec png) a folder of numbered pictures.

    rate: average frames a second; a frame's own time_s decides when it is shown. inputs: files
    that must not be overwritten. threads: of the encoder; 0: one per core. The file appears under
    its name when the block ends well; otherwise nothing is left.

    Raises:
        OptionError: container and codec do not go together.
        OutputError: the file exists, is an input, or cannot be written.
    """
    encoding = encoding_for(path, options)
    with replacing(path, overwrite=options.overwrite, inputs=inputs) as part:
        writer: VideoWriter
        if encoding.encoder == "png":
            writer = PictureFolderWriter(part, marking)
        else:
            writer = EncodedWriter(
                path, part, width, height, rate, encoding, marking, threads=threads, audio=audio
            )
        if audio is not None and encoding.suffix in SILENT_SUFFIXES:
            writer._note("this format has no sound")
        try:
            yield writer
            writer.finish()
        except BaseException:
            writer.abort()
            raise


class EncodedWriter(VideoWriter):
    """Encodes and muxes with FFmpeg's libraries."""

    def __init__(
        self,
        path: Path,
        part: Path,
        width: int,
        height: int,
        rate: Fraction,
        encoding: Encoding,
        marking: Marking,
        *,
        threads: int,
        audio: AudioPlan | None,
    ) -> None:
        super().__init__()
        self._path, self._part = path, part
        self._width, self._height, self._rate = width, height, rate
        self._encoding, self._marking = encoding, marking
        self._time_base = _time_base(rate, encoding.suffix)
        self._last_pts = -1
        self._end_s = Fraction(0)
        self._converter = VideoReformatter()
        self._resources = ExitStack()
        try:
            self._open(threads, audio)
        except BaseException:
            self.abort()
            raise

    def _open(self, threads: int, audio: AudioPlan | None) -> None:
        self._pad = self._padding()
        # SVT-AV1 prints its settings to stderr unless its own variable says: errors only.
        os.environ.setdefault("SVT_LOG", "1")
        try:
            self._output = self._resources.enter_context(_create(self._part))
            self._stream = self._add_stream(self._output, threads)
            self._output.metadata[COMMENT] = self._marking.text()
            self._feed = self._add_audio(audio)
            self._output.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            raise OutputError(
                f"{self._path}: {self._encoding.encoder} cannot encode {self._width} x "
                f"{self._height}: {reason(error)}{last_words(self._attempt)}",
                hint="try another --codec or --size",
            ) from error
        self._palette = (
            Palette(width=self._width, height=self._height, time_base=self._time_base)
            if self._encoding.encoder == "gif"
            else None
        )

    def _attempt(self) -> None:
        """Open the encoder alone, for what it says about its failure."""
        context = cast(VideoCodecContext, CodecContext.create(self._encoding.encoder, "w"))
        context.width, context.height = self._width + self._pad[0], self._height + self._pad[1]
        context.pix_fmt, context.time_base = self._encoding.pixel_format, self._time_base
        context.options = self._encoding.settings
        context.open()

    def _padding(self) -> tuple[int, int]:
        if not self._encoding.needs_even:
            return 0, 0
        pad = self._width % 2, self._height % 2
        if any(pad):
            self._note(
                f"{self._width} x {self._height} padded to {self._width + pad[0]} x "
                f"{self._height + pad[1]}: {self._encoding.pixel_format} needs even sizes"
            )
        return pad

    def _add_stream(self, output: OutputContainer, threads: int) -> VideoStream:
        stream = output.add_stream(self._encoding.encoder, rate=self._rate)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width = self._width + self._pad[0]
        context.height = self._height + self._pad[1]
        context.pix_fmt = self._encoding.pixel_format
        context.time_base = self._time_base
        context.thread_count = threads
        context.options = self._encoding.settings
        if self._encoding.tag:
            context.codec_tag = self._encoding.tag
        if self._encoding.pixel_format.startswith("yuv"):
            context.color_range = _LIMITED
            context.colorspace = context.color_primaries = context.color_trc = _BT709
        return stream

    def _add_audio(self, plan: AudioPlan | None) -> AudioFeed | None:
        if plan is None or self._encoding.suffix in SILENT_SUFFIXES:
            return None
        feed = AudioFeed(plan, self._output, suffix=self._encoding.suffix)
        self._resources.enter_context(feed)
        self._notes += feed.notes
        return feed

    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Encode one frame; see VideoWriter.write."""
        if pixels.shape != (self._height, self._width, 3) or pixels.dtype != np.uint8:
            raise ValueError(f"expected {self._height, self._width, 3} uint8, not {pixels.shape}")
        if any(self._pad):
            pixels = cv2.copyMakeBorder(  # type: ignore[assignment]
                pixels, 0, self._pad[1], 0, self._pad[0], cv2.BORDER_REPLICATE
            )
        frame = from_rgb(pixels, self._converter, pixel_format=self._encoding.pixel_format)
        frame.time_base = self._time_base
        frame.pts = self._last_pts = self._stamp(time_s)
        frame.duration = self._step
        with told(self._path):
            self._encode(frame)
            if self._feed:
                self._feed.advance(time_s)
        self._end_s = time_s + 1 / self._rate
        self.frames += 1

    @property
    def _step(self) -> int:
        return max(1, round(1 / self._rate / self._time_base))

    def _stamp(self, time_s: Fraction) -> int:
        """The frame's time in ticks; where only a constant rate is possible, its number."""
        if self._encoding.suffix == ".avi":
            if abs(time_s - self.frames / self._rate) > 1 / self._rate:
                self._note(f"AVI holds a constant rate only: {float(self._rate):g} frames/s")
            return self.frames
        return max(round(time_s / self._time_base), self._last_pts + 1)

    def _encode(self, frame: VideoFrame | None) -> None:
        for reduced in self._palette.reduce(frame) if self._palette else (frame,):
            self._mux(reduced)
        if frame is None and self._palette:
            self._mux(None)

    def _mux(self, frame: VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = packet.duration or self._step
            if frame is None and self.frames < _REORDERED:
                packet.dts = packet.pts  # libx265 leaves these undefined in so short a clip
            self._output.mux(packet)

    def finish(self) -> None:
        """Flush encoder and sound, and close the file."""
        if not self.frames:
            raise OutputError(f"{self._path}: no frame was written", hint="check the driver")
        with told(self._path):
            self._encode(None)
            if self._feed:
                self._feed.advance(self._end_s)
            self._resources.close()
            if self._encoding.suffix == ".gif":
                mark_gif(self._part, self._marking)

    def abort(self) -> None:
        """Close the file as it is."""
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._resources.close()


class PictureFolderWriter(VideoWriter):
    """A folder of numbered PNGs, each marked; it has no clock."""

    def __init__(self, part: Path, marking: Marking) -> None:
        super().__init__()
        self._part, self._marking = part, marking
        with told(part):
            part.mkdir()

    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Write one picture; see VideoWriter.write."""
        name = f"{self.frames + 1:0{_DIGITS}d}.png"
        write_image(self._part / name, pixels, marking=self._marking)
        self.frames += 1

    def finish(self) -> None:
        """Nothing is held back."""
        if not self.frames:
            raise OutputError(f"{self._part}: no frame was written", hint="check the driver")

    def abort(self) -> None:
        """Nothing is open."""


def _create(part: Path) -> OutputContainer:
    flags = {"movflags": "+faststart"} if part.suffix.lower() in (".mp4", ".mov") else {}
    return av.open(str(part), "w", container_options={"fflags": "+bitexact", **flags})


def _time_base(rate: Fraction, suffix: str) -> Fraction:
    """A clock on which frames at this rate fall exactly, and others within 6 microseconds."""
    if suffix == ".gif":
        return _GIF_CLOCK
    if suffix == ".avi":
        return 1 / rate
    ticks = math.lcm(rate.numerator, _CLOCK)
    return Fraction(1, ticks if ticks <= _FINEST_CLOCK else _CLOCK)
