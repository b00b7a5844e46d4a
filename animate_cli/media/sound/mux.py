"""Adds sound to the new video; packets are copied if the container takes their codec.

time     `AudioPlan.start_s` of the sound file is time 0 of the result
start    a decoder needs some packets before time 0: MP4 and MOV hide them with an edit list;
         other containers cannot, and start with the first whole packet (at most 32 ms later)
end      the middle of the last packet is before the video's end; shorter sound ends earlier
memory   packets are read as the video advances; none are stored
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from types import TracebackType
from typing import Self

from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from animate_cli.media.audio_plan import AudioPlan, plan_audio
from animate_cli.media.container.open_container import open_container
from animate_cli.media.output_plan import OutputPlan
from animate_cli.media.sound.transcode import TimedPacket, readable, transcoded

__all__ = ["AudioFeed", "AudioPlan", "plan_audio"]

_MP4 = {"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"}
_MOV = {"aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s24le", "pcm_s16be", "pcm_f32le"}
_MKV = _MP4 | _MOV | {"vorbis", "dts", "truehd", "mp2"}
_COPIED: dict[str, set[str]] = {
    ".mp4": _MP4,
    ".mov": _MOV,
    ".mkv": _MKV,
    ".webm": {"opus", "vorbis"},
    ".avi": set(),  # has no time stamps for sound: an exact start needs decoding
}
_ENCODER = {".webm": "libopus", ".avi": "pcm_s16le"}
_HIDES_START = (".mp4", ".mov")
_PREROLL_S = Fraction(8, 100)
_SEEK_MARGIN_S = 1
SILENT_SUFFIXES = (".gif", "")


class AudioFeed:
    """Muxes sound up to the time that the video has reached. Use it as a context manager.

    Enter it before the first video packet is muxed: entering adds the audio stream.
    """

    def __init__(self, plan: AudioPlan, output: OutputContainer, *, suffix: str) -> None:
        self._plan = plan
        self._output = output
        self._suffix = suffix
        self._resources = ExitStack()
        self._packets: Iterator[TimedPacket] = iter(())
        self._next: TimedPacket | None = None
        self.notes = plan.notes

    @classmethod
    def joining(
        cls, plan: OutputPlan, output: OutputContainer, resources: ExitStack
    ) -> AudioFeed | None:
        """Make and enter the feed of an output; None if the plan or the format has no sound."""
        if plan.audio is None or plan.encoding.suffix in SILENT_SUFFIXES:
            return None
        feed = cls(plan.audio, output, suffix=plan.encoding.suffix)
        return resources.enter_context(feed)

    def __enter__(self) -> Self:
        source = self._resources.enter_context(open_container(self._plan.path))
        stream = source.streams.audio[self._plan.track]
        if self._plan.codec in _COPIED[self._suffix]:
            preroll_s = _PREROLL_S if self._suffix in _HIDES_START else Fraction(0)
            self._packets = copied(
                source, stream, self._output, start_s=self._plan.start_s, preroll_s=preroll_s
            )
        else:
            encoder = _ENCODER.get(self._suffix, "aac")
            if encoder != self._plan.codec:
                self.notes = (*self.notes, f"sound converted from {self._plan.codec} to {encoder}")
            self._packets = transcoded(
                source, stream, self._output, encoder=encoder, start_s=self._plan.start_s
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    def advance(self, until_s: Fraction) -> None:
        """Mux every packet whose middle is before this time of the result."""
        while True:
            self._next = self._next or next(self._packets, None)
            if self._next is None or self._next.middle_s >= until_s:
                return
            self._output.mux(self._next.packet)
            self._next = None


def copied(
    source: InputContainer,
    stream: AudioStream,
    output: OutputContainer,
    *,
    start_s: Fraction,
    preroll_s: Fraction,
) -> Iterator[TimedPacket]:
    """Add a stream of the same codec; yield the source's packets with times of the result.

    preroll_s: seconds before the start from which packets are copied, for the decoder. Priming
    packets of sound that begins after the start cannot be hidden, and are left out.
    """
    target = output.add_stream_from_template(stream)
    tick = stream.time_base or Fraction(1, stream.codec_context.sample_rate)
    offset = round(start_s / tick)
    _seek(source, stream, start_s - preroll_s)

    def packets() -> Iterator[TimedPacket]:
        for packet in readable(source, stream):
            if packet.pts is None:
                continue
            packet.pts -= offset
            packet.dts = packet.pts
            is_before = packet.pts * tick < -preroll_s
            if is_before or (packet.is_discard and packet.pts >= 0):
                continue
            middle_s = (packet.pts + Fraction(packet.duration or 0, 2)) * tick
            packet.stream = target
            yield TimedPacket(packet=packet, middle_s=middle_s)

    return packets()


def _seek(source: InputContainer, stream: AudioStream, time_s: Fraction) -> None:
    if time_s > _SEEK_MARGIN_S and stream.time_base:
        source.seek(int((time_s - _SEEK_MARGIN_S) / stream.time_base), stream=stream)
