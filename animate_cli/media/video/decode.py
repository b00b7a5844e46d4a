"""Decodes packets to frames in display order, and reports frames lost to damage.

A packet that does not decode gives a time stamp without a frame. After the first damage, every
such time stamp is reported as lost. Before it, a packet without a frame is normal for some codecs
(VP8 has hidden reference frames).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from animate_cli.media.container.open_container import has_display_times, reason, stamp_of

_FLUSHES = 64

# Codecs in which each packet gives one frame. With several threads, FFmpeg does not report an error
# in the last packets; a missing frame shows it.
_ONE_TO_ONE = ("h264", "hevc", "av1", "vp9", "mjpeg", "prores")

TimedFrame = tuple[int | None, VideoFrame | None]


@dataclass(kw_only=True, eq=False)
class FrameDecoder:
    """Decodes one stream once.

    threads: 0: one per core. damage: FFmpeg's last error, or ""; cut: the error that ended reading
    before the end of the file, or "".
    """

    container: InputContainer
    stream: VideoStream
    threads: int
    damage: str = ""
    cut: str = ""
    _expected: list[int] = field(default_factory=list)
    _failed: int = 0

    def timed_frames(self) -> Iterator[TimedFrame]:
        """Time stamps in display order, each with its frame, or None if the frame is lost."""
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = self.threads
        has_times = has_display_times(self.container)
        for frame in self._frames():
            stamp = frame.pts if has_times else self._next_count()
            if stamp is not None:
                place = bisect_left(self._expected, stamp)
                yield from self._lost_frames(self._expected[:place])
                is_known = self._expected[place : place + 1] == [stamp]
                del self._expected[: place + is_known]
            if frame.is_corrupt:
                self.damage = self.damage or "damaged picture data"
            yield stamp, None if frame.is_corrupt else frame
        if self._expected and self.stream.codec_context.codec.canonical_name in _ONE_TO_ONE:
            self.damage = self.damage or "the last packets give no frame"
        yield from self._lost_frames(self._expected)

    def _next_count(self) -> int | None:
        """The stamp of the next frame in a format that only counts packets: the next unused one.

        Stamps of packets that failed to decode are skipped.
        """
        lost, self._failed = min(self._failed, max(len(self._expected) - 1, 0)), 0
        return self._expected[lost] if self._expected else None

    def _lost_frames(self, stamps: list[int]) -> Iterator[TimedFrame]:
        if self.damage:
            yield from ((stamp, None) for stamp in stamps)

    def _frames(self) -> Iterator[VideoFrame]:
        for packet in self._packets():
            stamp = stamp_of(packet, self.container)
            if stamp is not None and not packet.is_discard:
                insort(self._expected, stamp)
            if packet.is_corrupt:
                self.damage = self.damage or "damaged packet"
            try:
                yield from packet.decode()
            except av.FFmpegError as error:
                self.damage = reason(error)
                self._failed += 1
        for _ in range(_FLUSHES):
            try:
                frames = self.stream.decode(None)
            except av.error.EOFError:
                return
            except av.FFmpegError as error:
                self.damage = reason(error)
                continue
            if not frames:
                return
            yield from frames

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        try:
            yield from (packet for packet in self.container.demux(self.stream) if packet.size)
        except av.FFmpegError as error:
            self.cut = reason(error)
