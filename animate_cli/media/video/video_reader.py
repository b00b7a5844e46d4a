"""Reads a video file frame by frame, from exact start to end; replaces and counts lost frames."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from animate_cli.errors import MediaError
from animate_cli.media.container.colour import to_rgb
from animate_cli.media.container.open_container import open_container, video_stream
from animate_cli.media.container.orientation import upright
from animate_cli.media.container.probe import Survey, survey
from animate_cli.media.container.timestamps import Timestamps
from animate_cli.media.driver import DriverReader, refuse_long
from animate_cli.media.video.decode import FrameDecoder
from animate_cli.options import ReadOptions
from animate_cli.records import Frame, Image

_SEEKABLE = ("mp4", "matroska")
_SEEK_MARGIN_S = 1


class VideoReader(DriverReader):
    """Yields a video's frames; memory does not grow with its length.

    A lost frame is replaced by the one before it; at the start, by the one after it.
    """

    def __init__(self, path: Path, options: ReadOptions, *, threads: int = 0) -> None:
        self._survey = survey(path, max_pixels=options.max_pixels)
        super().__init__(self._survey.info, options)
        self._threads = threads

    def _frames(self) -> Iterator[Frame]:
        current = _CurrentFrame(self._survey)
        clock = self._survey.clock()
        with open_container(self.info.path) as container:
            stream = video_stream(container, self.info.path)
            self._seek(container, stream)
            decoder = FrameDecoder(container=container, stream=stream, threads=self._threads)
            yield from self._wanted(decoder, clock, current)
        self._finish(decoder, clock, current)

    def _wanted(
        self, decoder: FrameDecoder, clock: Timestamps, current: _CurrentFrame
    ) -> Iterator[Frame]:
        start, length = self.options.start_s, self.options.duration_s
        blank: list[Fraction] = []
        began: Fraction | None = None
        for pts, frame in decoder.timed_frames():
            time = clock.time(pts)
            if length is not None and time >= start + length:
                return
            current.show(frame)
            if time < start:
                continue
            if began is None:
                began = time
                self.origin_s = self._survey.begin_s + began
            refuse_long(self.info.path, time - began, self.options)
            if frame is None:
                self._conceal(time, decoder)
            if current.is_blank:
                blank.append(time)
                continue
            for held in blank:
                yield self._frame(current, held - began, is_concealed=True)
            blank.clear()
            yield self._frame(current, time - began, is_concealed=frame is None)
        self._require_whole(clock)

    def _frame(self, current: _CurrentFrame, time_s: Fraction, *, is_concealed: bool) -> Frame:
        index, self.decoded = self.decoded, self.decoded + 1
        return Frame(pixels=current.pixels(), index=index, time_s=time_s, is_concealed=is_concealed)

    def _seek(self, container: InputContainer, stream: VideoStream) -> None:
        """Seek near the start where seeking is exact; else decode from the beginning."""
        target_s = self.options.start_s - _SEEK_MARGIN_S
        if target_s > 0 and any(name in container.format.name for name in _SEEKABLE):
            pts = self._survey.first_pts + int(target_s / self._survey.time_base)
            container.seek(pts, stream=stream)

    def _conceal(self, time: Fraction, decoder: FrameDecoder) -> None:
        self.concealed += 1
        if self.options.strict:
            raise MediaError(
                f"{self.info.path}: the frame at {float(time):.3f} s is damaged: {decoder.damage}",
                hint="without --strict it is replaced by the frame before",
            )

    def _require_whole(self, clock: Timestamps) -> None:
        """Note, or raise with `strict`, that the file is shorter than it declares."""
        loss = self._loss(clock.reached_s)
        if loss and self.options.strict:
            raise MediaError(
                f"{self.info.path} is cut off: {loss}",
                hint="without --strict it is used as far as it goes",
            )
        if loss:
            self._note(f"the video is cut off: {loss}")

    def _loss(self, reached_s: Fraction) -> str:
        declared, length = self.info.frames, self._survey.track_duration_s
        if self.options.start_s == 0 and declared is not None:
            is_whole = self.decoded >= declared
            return "" if is_whole else f"{declared} frames declared, {self.decoded} decoded"
        if length is None or reached_s + 3 / self.info.rate >= length:
            return ""
        missing = round((length - reached_s) * self.info.rate) - 1
        return f"about {self.decoded + missing} frames declared, {self.decoded} decoded"

    def _finish(self, decoder: FrameDecoder, clock: Timestamps, current: _CurrentFrame) -> None:
        if self.decoded == 0:
            raise MediaError(
                f"{self.info.path}: no frame between start and end",
                hint=f"it lasts {float(self.info.duration_s or 0):g} s; see --start, --duration",
            )
        if self.concealed:
            self._note(
                f"{self.concealed} damaged frames replaced by the frame before: {decoder.damage}"
            )
        if decoder.cut:
            self._note(f"the file could not be read to its end: {decoder.cut}")
        if clock.repaired:
            self._note(f"{clock.repaired} missing or backward time stamps repaired")
        if current.resized:
            self._note(f"{current.resized} frames of another size fitted to the first")


class _CurrentFrame:
    """The current frame; its pixels are converted once, when they are needed."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._converter = VideoReformatter()
        self._frame: VideoFrame | None = None
        self._pixels: Image | None = None
        self.resized = 0

    @property
    def is_blank(self) -> bool:
        return self._frame is None

    def show(self, frame: VideoFrame | None) -> None:
        if frame is not None:
            self._frame, self._pixels = frame, None

    def pixels(self) -> Image:
        """Upright pixels (H, W, 3) of the frame; call only if there is one."""
        if self._pixels is None:
            assert self._frame is not None
            size = self._survey.square_width, self._survey.square_height
            stored = self._survey.stored_width, self._survey.stored_height
            self.resized += (self._frame.width, self._frame.height) != stored
            rgb = to_rgb(self._frame, self._converter, width=size[0], height=size[1])
            self._pixels = upright(rgb, self._survey.orientation)
        return self._pixels
