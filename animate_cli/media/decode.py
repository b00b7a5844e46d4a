"""Packets to frames in display order, with the holes that damage left.

A packet that does not decode leaves a hole: its time stamp went in and no frame came out. After
the first sign of damage every hole is reported. Before any sign, a packet without a frame is the
codec's own business (VP8's hidden reference frames, for one).
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

from animate_cli.media.container import reason

_FLUSHES = 64

Shown = tuple[int | None, VideoFrame | None]


@dataclass(kw_only=True, eq=False)
class Decoder:
    """Decodes one stream once.

    threads: 0: one per core. damage: the last thing that FFmpeg found wrong, or ""; cut: why the
    file could not be read to its end, or "".
    """

    container: InputContainer
    stream: VideoStream
    threads: int
    damage: str = ""
    cut: str = ""
    _expected: list[int] = field(default_factory=list)

    def shown(self) -> Iterator[Shown]:
        """Time stamps in display order, each with its frame, or None where that is lost."""
        self.stream.thread_type = "AUTO"
        self.stream.codec_context.thread_count = self.threads
        for frame in self._frames():
            if frame.pts is not None:
                place = bisect_left(self._expected, frame.pts)
                yield from self._holes(self._expected[:place])
                is_known = self._expected[place : place + 1] == [frame.pts]
                del self._expected[: place + is_known]
            if frame.is_corrupt:
                self.damage = self.damage or "damaged picture data"
            yield frame.pts, None if frame.is_corrupt else frame
        yield from self._holes(self._expected)

    def _holes(self, stamps: list[int]) -> Iterator[Shown]:
        if self.damage:
            yield from ((stamp, None) for stamp in stamps)

    def _frames(self) -> Iterator[VideoFrame]:
        for packet in self._packets():
            if packet.pts is not None and not packet.is_discard:
                insort(self._expected, packet.pts)
            if packet.is_corrupt:
                self.damage = self.damage or "damaged packet"
            try:
                yield from packet.decode()
            except av.FFmpegError as error:
                self.damage = reason(error)
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
