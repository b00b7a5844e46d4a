"""Encodes and muxes with the FFmpeg libraries inside PyAV."""

from __future__ import annotations

import contextlib
import os
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.codec.context import CodecContext
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from animate_cli.errors import OutputError
from animate_cli.media.container.open_container import failure_log, reason
from animate_cli.media.images.gif_palette import GifPalette
from animate_cli.media.output_plan import OutputPlan, VideoWriter
from animate_cli.media.provenance import COMMENT, mark_gif
from animate_cli.media.sound.mux import AudioFeed
from animate_cli.media.target import as_output_error, write_error
from animate_cli.media.video.encoder_frames import EncoderFrames, Timeline
from animate_cli.records import Image

_BT709, _LIMITED = 1, 1
_REORDERED = 3


class EncodedWriter(VideoWriter):
    """Encodes each frame at once; only the encoder's look-ahead is held in memory."""

    def __init__(self, plan: OutputPlan) -> None:
        super().__init__()
        self._plan = plan
        self._canvas = EncoderFrames(plan)
        self._notes += self._canvas.notes
        self._timeline = Timeline(plan.rate, plan.encoding.suffix)
        self._resources = ExitStack()
        self._palette: GifPalette | None = None
        try:
            self._open()
        except BaseException:
            self.abort()
            raise

    def _open(self) -> None:
        # SVT-AV1 prints its settings to stderr unless this variable restricts it to errors.
        os.environ.setdefault("SVT_LOG", "1")
        plan = self._plan
        try:
            self._output = self._resources.enter_context(create(plan.part))
            self._output.metadata[COMMENT] = plan.marking.text()
            self._stream = self._output.add_stream(plan.encoding.encoder, rate=plan.rate)
            self._configure(cast(VideoCodecContext, self._stream.codec_context))
            self._feed = AudioFeed.joining(plan, self._output, self._resources)
            self._notes += self._feed.notes if self._feed else ()
            self._output.start_encoding()
        except (av.error.PermissionError, av.error.OSError) as error:
            raise write_error(plan.path, error) from error
        except (av.FFmpegError, ValueError) as error:
            raise OutputError(
                f"{plan.path}: {plan.encoding.encoder} cannot encode {plan.width} x "
                f"{plan.height}: {reason(error)}{failure_log(self._open_encoder)}",
                hint="try another --codec or --size",
            ) from error
        if plan.encoding.encoder == "gif":
            self._palette = GifPalette(
                width=plan.width, height=plan.height, time_base=self._timeline.time_base
            )

    def _configure(self, context: VideoCodecContext) -> None:
        encoding = self._plan.encoding
        context.width, context.height = self._canvas.width, self._canvas.height
        context.pix_fmt = encoding.pixel_format
        context.time_base = self._timeline.time_base
        context.thread_count = self._plan.threads
        context.options = encoding.settings
        if encoding.tag:
            context.codec_tag = encoding.tag
        if encoding.pixel_format.startswith("yuv"):
            context.color_range = _LIMITED
            context.colorspace = context.color_primaries = context.color_trc = _BT709

    def _open_encoder(self) -> None:
        """Open the encoder alone, to find the reason of its failure."""
        context = CodecContext.create(self._plan.encoding.encoder, "w")
        self._configure(cast(VideoCodecContext, context))
        context.open()

    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Encode one frame; see VideoWriter.write."""
        frame = self._canvas.frame(pixels)
        frame.time_base = self._timeline.time_base
        frame.pts = self._timeline.stamp(time_s)
        frame.duration = self._timeline.step
        with as_output_error(self._plan.path):
            self._encode(frame)
            if self._feed:
                self._feed.advance(time_s)
        self.frames += 1

    def _encode(self, frame: VideoFrame | None) -> None:
        if self._palette is None:
            self._mux(frame)
            return
        for reduced in self._palette.reduce(frame):
            self._mux(reduced)
        if frame is None:
            self._mux(None)

    def _mux(self, frame: VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):  # type: ignore[union-attr, arg-type]
            packet.duration = packet.duration or self._timeline.step
            if frame is None and self.frames < _REORDERED:
                packet.dts = packet.pts  # libx265 leaves these undefined in so short a clip
            self._output.mux(packet)

    def finish(self) -> None:
        """Flush encoder and sound, and close the file."""
        self._require_frames(self._plan)
        with as_output_error(self._plan.path):
            self._encode(None)
            if self._feed:
                self._feed.advance(self._timeline.end_s)
            self._resources.close()
            if self._plan.encoding.suffix == ".gif":
                mark_gif(self._plan.part, self._plan.marking)
        self._notes += self._timeline.notes

    def abort(self) -> None:
        """Close the unfinished file."""
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._resources.close()


def create(part: Path) -> OutputContainer:
    """Open a container for writing; the same packets always give the same bytes.

    MP4 and MOV get their index at the front, so that they play while they load.
    """
    flags = {"movflags": "+faststart"} if part.suffix.lower() in (".mp4", ".mov") else {}
    return av.open(str(part), "w", container_options={"fflags": "+bitexact", **flags})
