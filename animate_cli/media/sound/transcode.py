"""Decodes sound and encodes it again, so that it starts exactly at time 0 of the result.

Gaps are filled with silence, so that later sound keeps its time; overlaps are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

_OPUS_RATE = 48000
_RATES = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "libopus": (_OPUS_RATE,),
}
_BITS_PER_CHANNEL_S = 96_000
_FRAME_SAMPLES = 1024
_SLACK_S = Fraction(1, 1000)
_FALLBACK_RATE = 48000
_LONGEST_GAP_S = 600


@dataclass(frozen=True, kw_only=True)
class TimedPacket:
    """A packet for an output stream, and the time of its middle in the result."""

    packet: Packet[AudioStream]
    middle_s: Fraction


def transcoded(
    source: InputContainer,
    stream: AudioStream,
    output: OutputContainer,
    *,
    encoder: str,
    start_s: Fraction,
) -> Iterator[TimedPacket]:
    """Add a stream of `encoder`; yield packets of the source's sound from start_s on."""
    wanted = _RATES.get(encoder, (stream.codec_context.sample_rate,))
    rate = stream.codec_context.sample_rate
    rate = rate if rate in wanted else _FALLBACK_RATE
    target = cast(AudioStream, output.add_stream(encoder, rate=rate))
    context = target.codec_context
    channels = min(stream.codec_context.layout.nb_channels, 2)
    context.layout = "stereo" if channels == 2 else "mono"
    context.bit_rate = _BITS_PER_CHANNEL_S * channels
    resampler = AudioResampler(format=context.format, layout=context.layout, rate=rate)

    def packets() -> Iterator[TimedPacket]:
        for frame in _frames(_samples(source, stream, resampler, rate, start_s), target):
            for packet in target.encode(frame):
                tick = packet.time_base
                middle = ((packet.pts or 0) + Fraction(packet.duration or 0, 2)) * tick
                yield TimedPacket(packet=packet, middle_s=middle)

    return packets()


def readable(source: InputContainer, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
    """A stream's packets up to the first unreadable one."""
    try:
        yield from (packet for packet in source.demux(stream) if packet.size)
    except av.FFmpegError:
        return  # the video reader reports that the file is cut off


def _samples(
    source: InputContainer,
    stream: AudioStream,
    resampler: AudioResampler,
    rate: int,
    start_s: Fraction,
) -> Iterator[NDArray[np.generic]]:
    """Continuous sound from start_s on: arrays (planes, samples) in the encoder's format."""
    written = 0
    for frame in _decoded(source, stream, resampler):
        block = frame.to_ndarray()
        width = 1 if frame.format.is_planar else frame.layout.nb_channels
        place = written
        if frame.pts is not None:
            time = frame.pts * (frame.time_base or Fraction(1, rate)) - start_s
            place = round(time * rate)
        if abs(place - written) <= _SLACK_S * rate:
            place = written
        if place > written:
            gap = min(place - written, _LONGEST_GAP_S * rate)
            yield np.zeros((block.shape[0], gap * width), block.dtype)
            written += gap
        kept = block[:, max(written - place, 0) * width :]
        written += kept.shape[1] // width
        if kept.shape[1]:
            yield kept


def _decoded(
    source: InputContainer, stream: AudioStream, resampler: AudioResampler
) -> Iterator[AudioFrame]:
    for packet in readable(source, stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            continue  # a damaged packet is a gap, and gaps are silent
        for frame in frames:
            yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _frames(
    blocks: Iterator[NDArray[np.generic]], target: AudioStream
) -> Iterator[AudioFrame | None]:
    """Frames of the encoder's own length, numbered from sample 0, then None to flush it."""
    context = target.codec_context
    length = 0
    held: list[NDArray[np.generic]] = []
    pts = 0
    for block in blocks:
        held.append(block)
        length += block.shape[1]
        size = context.frame_size or _FRAME_SAMPLES
        step = size if context.format.is_planar else size * context.layout.nb_channels
        if length < step:
            continue
        joined = np.concatenate(held, axis=1)
        whole = length // step * step
        for at in range(0, whole, step):
            yield _frame(joined[:, at : at + step], context, pts)
            pts += size
        held, length = [joined[:, whole:]], length - whole
    rest = np.concatenate(held, axis=1) if held else np.zeros((1, 0))
    if rest.shape[1]:
        yield _frame(rest, context, pts)
    yield None


def _frame(block: NDArray[np.generic], context: av.AudioCodecContext, pts: int) -> AudioFrame:
    frame = AudioFrame.from_ndarray(
        np.ascontiguousarray(block), format=context.format.name, layout=context.layout.name
    )
    frame.sample_rate = context.sample_rate
    frame.time_base = Fraction(1, context.sample_rate)
    frame.pts = pts
    return frame
