"""Writes a long video in segments that survive a crash, and joins them without encoding again.

    segment    a file of `length` frames that starts with a key frame (a closed GOP)
    complete   a segment gets its final name once it is on disk; an incomplete one is written again
    join       packets are copied in order, with times shifted to the segment's start; sound added

All runs cut at the same frames, so that a resumed video equals one written in a single run. While
the segments are joined, the video needs twice its space on disk.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from animate_cli.errors import OutputError
from animate_cli.media.output_plan import OutputPlan, VideoWriter
from animate_cli.media.provenance import COMMENT
from animate_cli.media.sound.mux import AudioFeed
from animate_cli.media.target import as_output_error
from animate_cli.media.video.encode import EncodedWriter, create
from animate_cli.media.video.encoder_frames import Timeline
from animate_cli.records import Image

LENGTH = 768  # frames: half a minute
JOINED_SUFFIXES = (".mp4", ".mov")  # PyAV cannot set Matroska's frame rate


@dataclass(frozen=True, kw_only=True)
class Film:
    """A long video in segments. folder: of the segments; times_s: of all frames."""

    folder: Path
    times_s: tuple[Fraction, ...]
    length: int = LENGTH

    def is_worth_it(self, path: Path) -> bool:
        """Whether the video is longer than a segment, and `path` has a joinable format."""
        return len(self.times_s) > self.length and path.suffix.lower() in JOINED_SUFFIXES

    @property
    def done(self) -> int:
        """Frames in complete segments; the last segment of the video is never counted."""
        most, whole = (len(self.times_s) - 1) // self.length, 0
        while whole < most and self.file(whole).is_file():
            whole += 1
        return whole * self.length

    def file(self, number: int) -> Path:
        """The path of a complete segment, numbered from 0."""
        return self.folder / f"{number:06d}"


class SegmentedWriter(VideoWriter):
    """Writes the missing segments. frames: number of frames on disk; `write` takes the next."""

    def __init__(self, plan: OutputPlan, film: Film) -> None:
        super().__init__()
        self._plan, self._film = plan, film
        suffix = ".mov" if plan.encoding.encoder.startswith("prores") else ".mp4"
        self._part = film.folder / f"part{suffix}"
        self._encoding = replace(plan.encoding, suffix=suffix)
        self._open: EncodedWriter | None = None
        self._start_s = Fraction(0)
        self.frames = film.done
        with as_output_error(plan.path):
            film.folder.mkdir(exist_ok=True)

    def write(self, pixels: Image, time_s: Fraction) -> None:
        """Encode one frame; see VideoWriter.write."""
        if self._open is None:
            self._start_s = time_s
            part = replace(self._plan, part=self._part, encoding=self._encoding, audio=None)
            self._open = EncodedWriter(part)
        self._open.write(pixels, time_s - self._start_s)
        self.frames += 1
        if self.frames % self._film.length == 0:
            self._complete_segment()

    def finish(self) -> None:
        """Join all segments and the sound."""
        self._require_frames(self._plan)
        self._complete_segment()
        with as_output_error(self._plan.path):
            self._join()

    def abort(self) -> None:
        """Drop the open segment; complete ones stay for the next run."""
        if self._open is not None:
            self._open.abort()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)
            self._film.folder.rmdir()  # fails, as it should, if it holds segments

    def _complete_segment(self) -> None:
        """Finish the open segment, and rename it once it is on disk."""
        if self._open is None:
            return
        self._open.finish()
        for note in self._open.notes:
            self.note(note)
        self._open = None
        with as_output_error(self._plan.path):
            with self._part.open("r+b") as file:
                os.fsync(file.fileno())
            self._part.replace(self._film.file((self.frames - 1) // self._film.length))

    def _join(self) -> None:
        plan, timeline = self._plan, Timeline(self._plan.rate, self._plan.encoding.suffix)
        with ExitStack() as resources:
            output = resources.enter_context(create(plan.part))
            output.metadata[COMMENT] = plan.marking.text()
            with av.open(str(self._film.file(0))) as first:
                stream = output.add_stream_from_template(first.streams.video[0], opaque=True)
                stream.time_base = timeline.time_base
                header = first.streams.video[0].codec_context.extradata
            if plan.encoding.tag:
                stream.codec_context.codec_tag = plan.encoding.tag
            feed = AudioFeed.joining(plan, output, resources)
            for packet in self._packets(timeline, header):
                packet.stream = stream
                if feed and packet.pts is not None:
                    feed.advance(packet.pts * timeline.time_base)
                output.mux(packet)
            if feed:
                feed.advance(self._film.times_s[-1] + 1 / plan.rate)
            for note in feed.notes if feed else ():
                self.note(note)

    def _packets(self, timeline: Timeline, header: bytes | None) -> Iterator[Packet[VideoStream]]:
        """All segments' packets with times of the whole video, in decoding order."""
        for number, start_s in enumerate(self._film.times_s[:: self._film.length]):
            start = round(start_s / timeline.time_base)
            with av.open(str(self._film.file(number))) as segment:
                source = segment.streams.video[0]
                if source.codec_context.extradata != header:
                    raise self._other_encoder(number)
                scale = (source.time_base or timeline.time_base) / timeline.time_base
                for packet in segment.demux(source):
                    if not packet.size or packet.pts is None:
                        continue
                    packet.pts = start + round(packet.pts * scale)
                    packet.dts = start + round((packet.dts or 0) * scale)
                    packet.duration = timeline.step
                    packet.time_base = timeline.time_base
                    yield packet

    def _other_encoder(self, number: int) -> OutputError:
        hint = f"delete {self._film.folder} and run again"
        return OutputError(f"{self._plan.path}: segment {number} is of another encoder", hint=hint)
